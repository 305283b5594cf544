/** @file Small graphs that together use every kind of layer, with batches for them. */
import { rootStream } from "@linear-probes/core";
import type { Stream } from "@linear-probes/core";
import { deepMlp } from "../../src/architectures/deep-mlp.ts";
import type { Batch, Engine } from "../../src/engines/engine.ts";
import type { Optimizer } from "../../src/engines/optimizer.ts";
import { layerGraph, size } from "../../src/graph.ts";
import type { Initializer, LayerGraph } from "../../src/graph.ts";
import { initialParameters } from "../../src/graph-parameters.ts";
import type { Parameters } from "../../src/graph-parameters.ts";
import { dropoutMasks } from "../../src/training.ts";

const weights: Initializer = { kind: "glorot-normal" };
const bias: Initializer = { kind: "truncated-normal", std: 0.1 };

/** Two convolutions (3×3 and 5×5), pooling, dropout, and l2 on the dense layers. */
export function smallConvnet(): LayerGraph {
  return layerGraph({
    name: "small-convnet",
    layers: [
      { kind: "input", name: "input", shape: [2, 8, 8] },
      { kind: "conv2d", name: "conv1", from: "input", filters: 3, kernel: 3, weights, bias },
      { kind: "relu", name: "relu1", from: "conv1" },
      { kind: "max-pool", name: "pool1", from: "relu1" },
      { kind: "conv2d", name: "conv2", from: "pool1", filters: 4, kernel: 5, weights, bias, l2: 0.01 },
      { kind: "leaky-relu", name: "leaky2", from: "conv2", slope: 0.2 },
      { kind: "max-pool", name: "pool2", from: "leaky2" },
      { kind: "flatten", name: "flat", from: "pool2" },
      { kind: "dense", name: "fc1", from: "flat", units: 7, weights, bias, l2: 0.02 },
      { kind: "relu", name: "relu3", from: "fc1" },
      { kind: "dropout", name: "dropped", from: "relu3", rate: 0.4 },
      { kind: "dense", name: "logits", from: "dropped", units: 3, weights, bias, l2: 0.02 },
    ],
    heads: [{ logits: "logits", weight: 1 }],
    taps: ["input", "conv1", "relu1", "pool1", "conv2", "leaky2", "pool2", "fc1", "relu3", "logits"],
  });
}

/** Begins with a pooled convolution of one channel, whose gradient is not onnxruntime's; not square, and pooled first. */
export function pooledGraph(): LayerGraph {
  return layerGraph({
    name: "pooled-input",
    layers: [
      { kind: "input", name: "input", shape: [1, 6, 10] },
      { kind: "conv2d", name: "conv", from: "input", filters: 3, kernel: 5, weights, bias },
      { kind: "max-pool", name: "pool", from: "conv" },
      { kind: "relu", name: "relu", from: "pool" },
      { kind: "flatten", name: "flat", from: "relu" },
      { kind: "dense", name: "logits", from: "flat", units: 3, weights, bias },
    ],
    heads: [{ logits: "logits", weight: 1 }],
    taps: ["input", "conv", "pool", "relu", "logits"],
  });
}

/** Skips by concatenation of vectors and of images, and two auxiliary heads, one of them in the middle of a chain. */
function branchingGraph(): LayerGraph {
  return layerGraph({
    name: "branching",
    layers: [
      { kind: "input", name: "input", shape: [1, 4, 4] },
      { kind: "conv2d", name: "left", from: "input", filters: 2, kernel: 1, weights, bias },
      { kind: "conv2d", name: "right", from: "input", filters: 3, kernel: 3, weights, bias },
      { kind: "concat", name: "both", from: ["left", "input", "right"] },
      { kind: "leaky-relu", name: "bent", from: "both", slope: 0.5 },
      { kind: "max-pool", name: "pooled", from: "both" }, // a second reader of `both`
      { kind: "flatten", name: "flat", from: "bent" },
      { kind: "flatten", name: "flat2", from: "pooled" },
      { kind: "dense", name: "fc1", from: "flat", units: 6, weights, bias },
      { kind: "leaky-relu", name: "bent1", from: "fc1", slope: 0.5 },
      { kind: "dense", name: "aux1", from: "bent1", units: 4, weights, bias },
      { kind: "concat", name: "skip", from: ["bent1", "flat2"] },
      { kind: "dense", name: "aux2", from: "skip", units: 4, weights, bias },
      { kind: "dense", name: "fc2", from: "skip", units: 5, weights, bias },
      { kind: "dense", name: "logits", from: "fc2", units: 4, weights, bias },
    ],
    heads: [
      { logits: "aux1", weight: 0.3 },
      { logits: "aux2", weight: 0.5 },
      { logits: "logits", weight: 1 },
    ],
    taps: ["input", "both", "skip", "logits"],
  });
}

/** The parts of an Inception block: flat, tall and wide kernels, average pools, and a reduction by stride 2. */
function inceptionGraph(): LayerGraph {
  const he: Initializer = { kind: "he-normal" };
  const conv = { kind: "conv2d", weights: he, bias } as const;
  return layerGraph({
    name: "small-inception",
    layers: [
      { kind: "input", name: "input", shape: [2, 8, 6] },
      { ...conv, name: "flat", from: "input", filters: 3, kernel: 1 },
      { ...conv, name: "wide", from: "input", filters: 2, kernel: [1, 5] },
      { ...conv, name: "tall", from: "wide", filters: 3, kernel: [3, 1] },
      { kind: "avg-pool", name: "mean", from: "input" },
      { ...conv, name: "pooled", from: "mean", filters: 2, kernel: 1 },
      { kind: "concat", name: "mixed", from: ["flat", "tall", "pooled"] },
      { kind: "leaky-relu", name: "bent", from: "mixed", slope: 0.3 },
      { ...conv, name: "halved", from: "bent", filters: 3, kernel: 3, stride: 2 },
      { ...conv, name: "thinned", from: "bent", filters: 2, kernel: [1, 3], stride: 2 },
      { kind: "max-pool", name: "greatest", from: "bent" },
      { kind: "concat", name: "reduced", from: ["halved", "thinned", "greatest"] },
      { kind: "global-avg-pool", name: "whole", from: "reduced" },
      { kind: "avg-pool", name: "smooth", from: "reduced" },
      { kind: "global-avg-pool", name: "whole2", from: "smooth" },
      { kind: "dense", name: "aux", from: "whole2", units: 4, weights, bias },
      { kind: "dense", name: "logits", from: "whole", units: 4, weights, bias },
    ],
    heads: [
      { logits: "aux", weight: 0.4 },
      { logits: "logits", weight: 1 },
    ],
    taps: ["input", "flat", "tall", "mean", "halved", "thinned", "reduced", "whole", "smooth", "logits"],
  });
}

/** All kinds of layers, and both forms of the paper's deep network in small. */
export const graphs: readonly LayerGraph[] = [
  smallConvnet(),
  pooledGraph(),
  branchingGraph(),
  inceptionGraph(),
  deepMlp({ depth: 6, width: 5, inputs: 7, classes: 3, auxEvery: 2, skipTo: 4 }).build(),
];

export const momentum: Optimizer = { kind: "momentum", momentum: 0.9 };
// A large ε: with a small one, gradients near zero would turn rounding errors into whole steps.
export const adam: Optimizer = { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-3 };

export const double = (values: Parameters): Map<string, Float64Array> =>
  new Map([...values].map(([name, value]) => [name, Float64Array.from(value)]));

/** Runs `body` with an engine, and disposes of it whatever happens. */
export async function using<T>(engine: Engine, body: (engine: Engine) => Promise<T>): Promise<T> {
  try {
    return await body(engine);
  } finally {
    await engine.dispose();
  }
}

export function randomBatch(graph: LayerGraph, rows: number, stream: Stream): Batch {
  const draw = stream.split("inputs");
  return {
    inputs: Float32Array.from({ length: rows * size(graph.inputShape) }, () => draw.normal()),
    labels: Int32Array.from({ length: rows }, () => draw.integer(graph.classes)),
    masks: dropoutMasks(graph, rows, stream.split("dropout")),
  };
}

export function randomCase(
  graph: LayerGraph,
  rows: number,
): { readonly parameters: Parameters; readonly batch: Batch } {
  const stream = rootStream(graph.name);
  return { parameters: initialParameters(graph, stream.split("init")), batch: randomBatch(graph, rows, stream) };
}
