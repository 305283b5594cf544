/** @file Features of the layers of a deep network, a group of layers at a time; and the network's own error. */
import { evaluateOnValidation, labelled, type LabelledFeatures, type Runtime, type Scores } from "@linear-probes/core";
import { deepMlpTap, inputRows, type Parameters, size, streamActivations } from "@linear-probes/models";
import { Interrupted, type StopFlag } from "../stop-flag.ts";
import { architectureOf, type DeepDigits, type NetworkSettings } from "./deep-network.ts";

export interface LayerFeatures {
  readonly layer: number;
  readonly train: LabelledFeatures<"train">;
}

export interface DeepForward {
  readonly network: NetworkSettings;
  readonly parameters: Parameters;
  readonly digits: DeepDigits;
  readonly rows: number; // images used: the first ones
  readonly threads: number;
  readonly stop: StopFlag;
}

/** Rows per forward run. */
const BATCH = 250;

/** Calls `visit` with each layer's features in turn; they live until it returns. */
export async function eachLayer(
  runtime: Runtime,
  forward: DeepForward,
  layers: readonly number[],
  layersAtOnce: number,
  visit: (features: LayerFeatures) => void,
): Promise<void> {
  const { parameters, digits, rows, stop } = forward;
  const graph = architectureOf(forward.network, digits.width, digits.classes).build();
  for (let from = 0; from < layers.length; from += layersAtOnce) {
    const group = layers.slice(from, from + layersAtOnce);
    const writers = new Map(
      group.map((layer) => {
        const name = deepMlpTap(layer);
        return [name, runtime.createFeatures({ rows, cols: size(graph.shapeOf(name)), name })] as const;
      }),
    );
    try {
      await streamActivations(graph, parameters, inputs(digits, rows), writers, options(forward));
    } catch (error) {
      for (const writer of writers.values()) writer.abandon();
      throw error;
    }
    const finished = group.flatMap((layer) => {
      const features = writers.get(deepMlpTap(layer))?.finish();
      return features === undefined ? [] : [{ layer, features }];
    });
    try {
      for (const { layer, features } of finished) {
        stop.check();
        visit({ layer, train: labelled("train", features, digits.labels.subarray(0, rows), digits.classes) });
      }
    } finally {
      for (const { features } of finished) features.release();
    }
  }
}

/** How the network's own last classifier does, which is a linear one on its last layer: on the first `rows` images. */
export function ownAnswer(
  runtime: Runtime,
  { train: { features, labels, classes } }: LayerFeatures,
  parameters: Parameters,
  rows: number,
): Scores {
  const [weights, bias] = ["weights", "bias"].map((part) => parameters.get(`logits/${part}`)); // [cols, classes], [classes]
  if (weights === undefined || bias === undefined) throw new Error("deep network: its parameters must be there");
  const { cols } = features;
  const byClass = new Float64Array(classes * cols);
  for (let j = 0; j < cols; j++) for (let c = 0; c < classes; c++) byClass[c * cols + j] = weights[j * classes + c]!;
  const asked = labelled("validation", features.head(rows), labels.subarray(0, rows), classes); // training rows, and no test
  return evaluateOnValidation(runtime, { classes, cols, weights: byClass, bias: Float64Array.from(bias) }, asked);
}

function inputs({ inputs, width }: DeepDigits, rows: number) {
  return inputRows(inputs.subarray(0, rows * width), rows);
}

function options({ threads, stop }: DeepForward) {
  const abort = new AbortController();
  return {
    batch: BATCH,
    threads,
    signal: abort.signal,
    onProgress: () => {
      if (stop.requested()) abort.abort(new Interrupted());
    },
  };
}
