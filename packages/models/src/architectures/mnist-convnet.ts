/**
 * @file The MNIST convnet of TensorFlow's tutorial, tensorflow/models, image/mnist/convolutional.py (2015–2017): the
 * model of Alain & Bengio 2016, section 3.3, figures 4 and 5. Two 5×5 convolutions, each rectified and pooled, one
 * hidden layer of 512 with dropout, and the classifier.
 */
import { layerGraph } from "../graph.ts";
import type { Initializer, LayerGraph } from "../graph.ts";
import type { Architecture } from "./architecture.ts";

const weights: Initializer = { kind: "truncated-normal", std: 0.1 };
const bias = (value: number): Initializer => ({ kind: "constant", value });
const l2 = 5e-4; // on weights and biases of the two dense layers

function build(): LayerGraph {
  return layerGraph({
    name: "mnist-convnet",
    layers: [
      { kind: "input", name: "input", shape: [1, 28, 28] },
      { kind: "conv2d", name: "conv1_preact", from: "input", filters: 32, kernel: 5, weights, bias: bias(0) },
      { kind: "relu", name: "conv1_postact", from: "conv1_preact" },
      { kind: "max-pool", name: "conv1_postpool", from: "conv1_postact" },
      {
        kind: "conv2d",
        name: "conv2_preact",
        from: "conv1_postpool",
        filters: 64,
        kernel: 5,
        weights,
        bias: bias(0.1),
      },
      { kind: "relu", name: "conv2_postact", from: "conv2_preact" },
      { kind: "max-pool", name: "conv2_postpool", from: "conv2_postact" },
      { kind: "flatten", name: "flat", from: "conv2_postpool" },
      { kind: "dense", name: "fc1_preact", from: "flat", units: 512, weights, bias: bias(0.1), l2 },
      { kind: "relu", name: "fc1_postact", from: "fc1_preact" },
      { kind: "dropout", name: "fc1_dropped", from: "fc1_postact", rate: 0.5 },
      { kind: "dense", name: "logits", from: "fc1_dropped", units: 10, weights, bias: bias(0.1), l2 },
    ],
    heads: [{ logits: "logits", weight: 1 }],
    taps: [
      "input",
      "conv1_preact",
      "conv1_postact",
      "conv1_postpool",
      "conv2_preact",
      "conv2_postact",
      "conv2_postpool",
      "fc1_preact",
      "fc1_postact",
      "logits",
    ],
  });
}

/** The tutorial's own settings, at its defaults; 10 epochs are 8,593 steps. */
export const mnistConvnet: Architecture = {
  name: "mnist-convnet",
  source: "tensorflow/models, image/mnist/convolutional.py; Alain & Bengio 2016, section 3.3",
  pixels: { shift: 127.5, scale: 255 },
  heldOut: 5000, // the tutorial's validation set
  build,
  training: {
    batch: 64,
    epochs: 10,
    optimizer: { kind: "momentum", momentum: 0.9 },
    learningRate: { kind: "staircase", initial: 0.01, decay: 0.95 },
    order: "wrapping",
  },
};
