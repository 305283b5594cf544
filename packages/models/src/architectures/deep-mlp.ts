/**
 * @file The pathologically deep multilayer perceptron of Alain & Bengio 2016: `depth` dense layers of equal width with
 * leaky rectifiers (section 3.2 and figure 3: 32 × 128; section 3.4: 128 × 128), optionally with an auxiliary classifier
 * every so many layers (figure 7) or with the input handed once more to a layer in the middle (figure 8).
 *
 * Weights are Glorot normal, the plain normal of standard deviation sqrt(2 / (fanIn + fanOut)); biases are zero.
 */
import { reject } from "@linear-probes/core";
import { layerGraph } from "../graph.ts";
import type { Initializer, Layer, LayerGraph } from "../graph.ts";
import type { Architecture } from "./architecture.ts";

export interface DeepMlpOptions {
  readonly depth: number;
  readonly width: number;
  /** Features of the input. */
  readonly inputs: number;
  readonly classes: number;
  /** Slope of the rectifier below zero. Default 0.5. */
  readonly slope?: number;
  /** A linear classifier of full weight on every so manieth layer. */
  readonly auxEvery?: number;
  /** This layer reads the concatenation of the layer before it and of layer 0. */
  readonly skipTo?: number;
}

const weights: Initializer = { kind: "glorot-normal" };
const bias: Initializer = { kind: "constant", value: 0 };

/** Name of a layer's output, as tapped: 0 is the input, i the rectified output of dense layer i. */
export const deepMlpTap = (layer: number): string => `layer_${layer}`;

function build(options: DeepMlpOptions): LayerGraph {
  const { depth, width, inputs, classes, slope = 0.5, auxEvery, skipTo } = options;
  for (const [name, value] of Object.entries({ depth, width, inputs, classes, auxEvery, skipTo }))
    if (value !== undefined && !(Number.isInteger(value) && value > 0))
      reject(`deep-mlp ${name}`, "must be a positive integer", value);
  if (skipTo !== undefined && !(skipTo > 1 && skipTo <= depth))
    reject("deep-mlp skipTo", `must be a layer from 2 to ${depth}`, skipTo);
  const layers: Layer[] = [{ kind: "input", name: deepMlpTap(0), shape: [inputs] }];
  const auxiliary: string[] = [];
  for (let i = 1; i <= depth; i++) {
    const [name, preact] = [deepMlpTap(i), `${deepMlpTap(i)}_preact`];
    let from = deepMlpTap(i - 1);
    if (i === skipTo) {
      layers.push({ kind: "concat", name: `${name}_inputs`, from: [from, deepMlpTap(0)] });
      from = `${name}_inputs`;
    }
    layers.push({ kind: "dense", name: preact, from, units: width, weights, bias });
    layers.push({ kind: "leaky-relu", name, from: preact, slope });
    if (auxEvery !== undefined && i % auxEvery === 0 && i < depth) {
      layers.push({ kind: "dense", name: `${name}_classifier`, from: name, units: classes, weights, bias });
      auxiliary.push(`${name}_classifier`);
    }
  }
  layers.push({ kind: "dense", name: "logits", from: deepMlpTap(depth), units: classes, weights, bias });
  return layerGraph({
    name: "deep-mlp",
    layers,
    heads: [...auxiliary, "logits"].map((logits) => ({ logits, weight: 1 })),
    taps: Array.from({ length: depth + 1 }, (_, i) => deepMlpTap(i)),
  });
}

/**
 * The paper names neither optimiser nor rate. Adam at 3e-4 on batches of 128 is the quickest of those tried that trains
 * the 128 layers with auxiliary classifiers without diverging; without them none of those tried trains at all.
 */
export function deepMlp(options: DeepMlpOptions): Architecture {
  return {
    name: "deep-mlp",
    source: "Alain & Bengio 2016, sections 3.2 and 3.4",
    pixels: { shift: 0, scale: 255 },
    heldOut: 0,
    build: () => build(options),
    training: {
      batch: 128,
      epochs: 10,
      optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
      learningRate: { kind: "constant", rate: 3e-4 },
      order: "shuffled",
    },
  };
}
