/** @file All figures: one line each, shown in the order of their names. */
export { fig03UntrainedDepth } from "./fig03-untrained-depth.ts";
export { fig05MnistConvnet } from "./fig05-mnist-convnet.ts";
