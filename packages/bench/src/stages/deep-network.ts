/**
 * @file The deep networks of figures 7 and 8 and their training on digits.
 */
import type { Stream } from "@linear-probes/core";
import { type Architecture, deepMlp, graphInputs, loadDigits } from "@linear-probes/models";
import type { DatasetRecord } from "../run-record.ts";
import { oncePerThread } from "./once-per-thread.ts";
import { createTrainer, type Trainer, type TrainerOptions } from "./trainer.ts";

export type NetworkSettings = {
  readonly depth: number;
  readonly width: number;
  /** A classifier of full weight on every so manieth layer; 0 for none. */
  readonly auxEvery: number;
  /** The layer that reads layer 0 besides the one before it; 0 for none. */
  readonly skipTo: number;
};

export interface DeepDigits {
  readonly record: DatasetRecord;
  readonly classes: number;
  readonly width: number; // numbers per image
  readonly inputs: Float32Array; // [images, width]
  readonly labels: Int32Array;
}

export interface DigitsSource {
  readonly stream: Stream;
  readonly dataDir: string | undefined;
  readonly log: (line: string) => void;
}

/** The first training images. */
export const deepDigits = oncePerThread(load, ({ stream, dataDir }, images) => [stream.path, dataDir, images]);

async function load({ stream, dataDir, log }: DigitsSource, images: number): Promise<DeepDigits> {
  const { name, sha256, synthetic, notice, inputShape, classes, ...parts } = await loadDigits({
    stream: stream.split("data"),
    rows: { train: images, test: 1000 },
    log,
    ...(dataDir !== undefined && { dataDir }),
  });
  const width = inputShape.reduce((product, extent) => product * extent, 1);
  const any = { depth: 1, width: 1, auxEvery: 0, skipTo: 0 };
  return {
    record: { name, sha256, synthetic, ...(notice !== undefined && { notice }) },
    classes,
    width,
    inputs: graphInputs(architectureOf(any, width, classes), parts.train.inputs, inputShape),
    labels: parts.train.labels,
  };
}

export function architectureOf(
  { depth, width, auxEvery, skipTo }: NetworkSettings,
  inputs: number,
  classes: number,
): Architecture {
  return deepMlp({ depth, width, inputs, classes, ...(auxEvery > 0 && { auxEvery }), ...(skipTo > 0 && { skipTo }) });
}

/** Trains the deep network of these settings. */
export function createDeepTrainer(
  network: NetworkSettings,
  digits: DeepDigits,
  options: Omit<TrainerOptions, "architecture" | "examples">,
): Trainer {
  return createTrainer({
    ...options,
    architecture: architectureOf(network, digits.width, digits.classes),
    examples: digits,
    shards: 1, // a fifth less work than in two; the other threads train other networks
  });
}
