/** @file Features of the layers of a deep network, a group of layers at a time; and the network's own errors. */
import { labelled, type LabelledFeatures, type Runtime } from "@linear-probes/core";
import { deepMlpTap, forwardErrors, inputRows, type Parameters, size, streamActivations } from "@linear-probes/models";
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

/** Error (fraction) and loss (nats) of the network's own last classifier. */
export async function ownAnswer(forward: DeepForward): Promise<{ readonly error: number; readonly loss: number }> {
  const { parameters, digits, rows } = forward;
  const graph = architectureOf(forward.network, digits.width, digits.classes).build();
  const labels = digits.labels.subarray(0, rows);
  const { errors, loss } = await forwardErrors(graph, parameters, inputs(digits, rows), labels, options(forward));
  return { error: errors / rows, loss };
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
