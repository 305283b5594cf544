/** @file All figures: one line each, shown in the order of their names. */
export { fig01BytesAndPixels } from "./fig01-bytes-and-pixels.ts";
export { fig03UntrainedDepth } from "./fig03-untrained-depth.ts";
export { fig05MnistConvnet } from "./fig05-mnist-convnet.ts";
