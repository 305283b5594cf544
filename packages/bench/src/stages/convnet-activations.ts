/** @file Features of the convnet's taps for all three roles, and the network's own errors. One forward pass for both. */
import { createHash } from "node:crypto";
import { labelled, type LabelledFeatures, reject, type Runtime } from "@linear-probes/core";
import {
  type BlockSink,
  forwardErrors,
  inputRows,
  type InputRows,
  mnistConvnet,
  type Parameters,
  size,
  streamActivations,
  type StreamActivationsOptions,
} from "@linear-probes/models";
import { Interrupted, type StopFlag } from "../stop-flag.ts";
import type { Digits, RowSettings } from "./convnet-data.ts";

/** Rows per forward run; every role must start at a multiple of it. */
const BATCH = 50;

const graph = mnistConvnet.build();

export const convnetTaps = graph.taps.map((name, depth) => ({ name, depth, features: size(graph.shapeOf(name)) }));

export interface TapFeatures {
  readonly train: LabelledFeatures<"train">;
  readonly validation: LabelledFeatures<"validation">;
  readonly test: LabelledFeatures<"test">;
  /** Gives the memory back; again does nothing. */
  release(): void;
}

export interface ForwardOptions {
  readonly threads: number;
  readonly stop: StopFlag;
  readonly onProgress?: (rows: number, of: number) => void;
}

/** Identifies a network by its parameters. */
export function parametersHash(parameters: Parameters): string {
  const hash = createHash("sha256");
  for (const [name, values] of parameters) {
    hash.update(`${name} ${values.length}\n`);
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest("hex");
}

/** Makes the features of several taps in one pass of all images through the network. */
export async function tapFeatures(
  runtime: Runtime,
  parameters: Parameters,
  digits: Digits,
  { train, test, validation }: RowSettings,
  taps: readonly string[],
  options: ForwardOptions,
): Promise<ReadonlyMap<string, TapFeatures>> {
  const starts = { validation: 0, train: validation, test: train, end: train + test };
  for (const [role, start] of Object.entries(starts))
    if (start % BATCH !== 0) reject("rows", `${role} must start at a multiple of ${BATCH}`, start);
  const parts = taps.map((tap) => {
    const cols = size(graph.shapeOf(tap));
    const writer = (rows: number) => runtime.createFeatures({ rows, cols, name: tap });
    return { tap, validation: writer(validation), train: writer(train - validation), test: writer(test) };
  });
  const sinks = new Map<string, BlockSink>();
  for (const part of parts)
    sinks.set(part.tap, {
      write(row, block) {
        if (row < starts.train) part.validation.write(row, block);
        else if (row < starts.test) part.train.write(row - starts.train, block);
        else part.test.write(row - starts.test, block);
      },
    });
  try {
    await forward(inputRows(digits.inputs, starts.end), options, (inputs, running) =>
      streamActivations(graph, parameters, inputs, sinks, running),
    );
  } catch (error) {
    for (const part of parts) for (const writer of [part.validation, part.train, part.test]) writer.abandon();
    throw error;
  }
  const { labels, classes } = digits;
  return new Map(
    parts.map((part) => {
      const features = {
        train: labelled("train", part.train.finish(), labels.train.subarray(validation), classes),
        validation: labelled("validation", part.validation.finish(), labels.train.subarray(0, validation), classes),
        test: labelled("test", part.test.finish(), labels.test, classes),
      };
      let held = true;
      const release = (): void => {
        if (held) Object.values(features).forEach((rows) => rows.features.release());
        held = false;
      };
      return [part.tap, { ...features, release }] as const;
    }),
  );
}

/** Fraction of the images of a role that the network itself gets wrong. */
export async function networkError(
  parameters: Parameters,
  digits: Digits,
  role: { readonly from: number; readonly labels: Int32Array },
  options: ForwardOptions,
): Promise<number> {
  const rows = role.labels.length;
  const own = digits.inputs.subarray(role.from * digits.width, (role.from + rows) * digits.width);
  const { errors } = await forward(inputRows(own, rows), options, (inputs, running) =>
    forwardErrors(graph, parameters, inputs, role.labels, running),
  );
  return errors / rows;
}

/** Runs a forward pass that a stop request ends. */
function forward<T>(
  inputs: InputRows,
  { threads, stop, onProgress }: ForwardOptions,
  run: (inputs: InputRows, options: StreamActivationsOptions) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  return run(inputs, {
    batch: BATCH,
    threads,
    signal: abort.signal,
    onProgress(rows, of) {
      onProgress?.(rows, of);
      if (stop.requested()) abort.abort(new Interrupted());
    },
  });
}
