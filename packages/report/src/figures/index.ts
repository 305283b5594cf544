/** @file All figures: one line each, shown in the order of their names. */
export { sec2EntropyChain } from "./sec2-entropy-chain.ts";
export { depthSweep as sec34DepthSweep } from "./depth-sweep.ts";
export { fig01BytesAndPixels } from "./fig01-bytes-and-pixels.ts";
export { fig02Probes } from "./fig02-probes.ts";
export { fig04ConvnetGraph } from "./fig04-convnet-graph.ts";
export { fig06HelpedNetworks } from "./fig06-helped-networks.ts";
export { fig03UntrainedDepth } from "./fig03-untrained-depth.ts";
export { fig05Film } from "./fig05-film.ts";
export { fig05MnistConvnet } from "./fig05-mnist-convnet.ts";
export { fig07AuxiliaryLosses } from "./fig07-auxiliary-losses.ts";
export { fig07Film } from "./fig07-film.ts";
export { fig08Film } from "./fig08-film.ts";
export { fig08SkipConnection } from "./fig08-skip-connection.ts";
