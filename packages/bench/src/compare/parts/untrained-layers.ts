/** @file A problem seen through the layers of an untrained network: leaky_relu(x W), W Glorot normal, no bias. */
import { type Features, labelled, type Stream, type WasmRuntime } from "@linear-probes/core";
import { type LoadedProblem, releaseProblem } from "../problem.ts";

export interface UntrainedNetwork {
  readonly depth: number; // layers
  readonly width: number;
  readonly slope: number; // of the leaky rectifier
}

/** The rows of `input` as the last layer has them. `input` is released. */
export function throughUntrainedLayers(
  runtime: WasmRuntime,
  input: LoadedProblem,
  network: UntrainedNetwork,
  stream: Stream,
): LoadedProblem {
  const weights = drawWeights(input.train.features.cols, network, stream);
  const { train, test, dataset } = input;
  const last = (features: Features): Features => passThrough(runtime, features, weights, network);
  const result = {
    train: labelled("train", last(train.features), train.labels, train.classes),
    test: labelled("test", last(test.features), test.labels, test.classes),
    dataset,
  };
  releaseProblem(input);
  return result;
}

/** W [in, out] of every layer, with deviation sqrt(2/(in + out)) (Glorot & Bengio 2010). */
function drawWeights(cols: number, { depth, width }: UntrainedNetwork, stream: Stream): readonly Float32Array[] {
  return Array.from({ length: depth }, (_, layer) => {
    const fanIn = layer === 0 ? cols : width;
    const weights = new Float32Array(fanIn * width);
    stream
      .split("network")
      .split(`layer-${layer + 1}`)
      .fillNormal(weights);
    return weights.map((weight) => weight * Math.sqrt(2 / (fanIn + width)));
  });
}

function passThrough(
  runtime: WasmRuntime,
  input: Features,
  weights: readonly Float32Array[],
  { width, slope }: UntrainedNetwork,
): Features {
  let features = input;
  for (const layer of weights) {
    const next = runtime.denseLeakyRelu(features, layer, width, slope);
    if (features !== input) features.release();
    features = next;
  }
  return features;
}
