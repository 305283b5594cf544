/** @file Features of the small Inception's taps for all three roles, reduced on the way, in one pass through the network. */
import {
  type FeatureWriter,
  labelled,
  type LabelledFeatures,
  reject,
  type Runtime,
  type Stream,
} from "@linear-probes/core";
import {
  type BlockSink,
  createReducer,
  inceptionCifar,
  type Parameters,
  type Reducer,
  size,
  streamActivations,
} from "@linear-probes/models";
import { Interrupted, type StopFlag } from "../stop-flag.ts";
import type { Images, RowSettings } from "./image-data.ts";

/** Rows per forward run; every role must start at a multiple of it. */
const BATCH = 50;

const graph = inceptionCifar.build();

export interface TapRoles {
  readonly train: LabelledFeatures<"train">;
  readonly validation: LabelledFeatures<"validation">;
  readonly test: LabelledFeatures<"test">;
  release(): void;
}

export interface ProbedRows extends RowSettings {
  readonly probed: number; // training images that probes are fitted to: those after the validation images
}

/** Of every tap, in the graph's order. The stream chooses what random reducers keep. */
export function tapReducers(spec: string, stream: Stream): ReadonlyMap<string, Reducer> {
  return new Map(graph.taps.map((name) => [name, createReducer(spec, { name, shape: graph.shapeOf(name) }, stream)]));
}

export async function tapFeatures(
  runtime: Runtime,
  parameters: Parameters,
  { inputs, width, labels, classes }: Images,
  { train, test, validation, probed }: ProbedRows,
  reducers: ReadonlyMap<string, Reducer>,
  options: { readonly threads: number; readonly stop: StopFlag },
): Promise<ReadonlyMap<string, TapRoles>> {
  const fitting = validation + probed;
  if (!(fitting <= train && validation % BATCH === 0 && fitting % BATCH === 0))
    reject("rows", `validation and probed must be multiples of ${BATCH} within ${train}`, `${validation}, ${probed}`);
  const starts = [0, validation, fitting];
  const lengths = [validation, probed, test];
  const writers = new Map(
    [...reducers].map(([tap, { cols }]) => [
      tap,
      lengths.map((rows) => runtime.createFeatures({ rows, cols, name: tap })),
    ]),
  );
  const sinks = new Map<string, BlockSink>(
    [...reducers].map(([tap, reducer]) => [
      tap,
      { write: writeReduced(reducer, size(graph.shapeOf(tap)), starts, writers.get(tap) ?? []) },
    ]),
  );
  const abort = new AbortController();
  // Test images follow the training images, of which the last ones are passed over.
  const read = (from: number, to: number): Float32Array => {
    const skipped = from < fitting ? 0 : train - fitting;
    return inputs.subarray((from + skipped) * width, (to + skipped) * width);
  };
  try {
    await streamActivations(graph, parameters, { rows: fitting + test, read }, sinks, {
      batch: BATCH,
      threads: options.threads,
      signal: abort.signal,
      onProgress: () => {
        if (options.stop.requested()) abort.abort(new Interrupted());
      },
    });
  } catch (error) {
    for (const parts of writers.values()) for (const writer of parts) writer.abandon();
    throw error;
  }
  return new Map(
    [...writers].map(([tap, parts]) => {
      const [first, second, third] = parts.map((writer) => writer.finish());
      if (first === undefined || second === undefined || third === undefined) throw new Error(`${tap}: lost rows`);
      const roles = {
        validation: labelled("validation", first, labels.train.subarray(0, validation), classes),
        train: labelled("train", second, labels.train.subarray(validation, fitting), classes),
        test: labelled("test", third, labels.test, classes),
      };
      return [tap, { ...roles, release: () => [first, second, third].forEach((part) => part.release()) }];
    }),
  );
}

/** Sends a block to the role that its first row belongs to; no block crosses from one to the next. */
function writeReduced(
  reducer: Reducer,
  features: number,
  starts: readonly number[],
  writers: readonly FeatureWriter[],
): BlockSink["write"] {
  return (row, block) => {
    const part = starts.findLastIndex((start) => start <= row);
    writers[part]?.write(row - (starts[part] ?? 0), reducer.apply(block, block.length / features));
  };
}
