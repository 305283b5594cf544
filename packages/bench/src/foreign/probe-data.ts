/**
 * @file The rows of a probing: which of the data's rows are used, and the one role that each of them has. Training and
 * validation rows are drawn from the data's training set, test rows from its test set; the seed decides which.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { reject, type SplitRows, splitRows, type Stream } from "@linear-probes/core";
import { type LabelledInputs, loadData, type LoadedDataset, type UserDataOptions } from "@linear-probes/models";
import type { DatasetRecord } from "../run-record.ts";

export interface ProbeDataOptions {
  readonly labels?: string; // a file
  readonly labelColumn?: string;
  readonly imageSize?: { readonly height: number; readonly width: number };
  readonly testFraction?: number; // held out where the data has no test set
  readonly rows?: number; // for training and validation together; default: at most 10,000
  readonly testRows?: number; // default: at most 10,000
  readonly validation: number; // fraction of `rows`
  readonly dataDir?: string;
}

/** Rows are numbered 0..count-1: the chosen training rows in the order of the data, then the chosen test rows. */
export interface ProbeData {
  readonly record: DatasetRecord;
  readonly classes: number; // k
  readonly classNames?: readonly string[];
  readonly inputShape: readonly number[];
  readonly count: number;
  readonly labels: Int32Array; // y [count]
  readonly roles: SplitRows; // row numbers
  /** Where row `row` comes from. */
  place(row: number): { readonly set: LabelledInputs; readonly row: number };
  /** Which rows of which data these are, in their order. */
  readonly hash: string;
}

const MOST_ROWS = 10_000;

export async function probeData(
  what: string,
  options: ProbeDataOptions,
  stream: Stream,
  log: (line: string) => void,
): Promise<ProbeData> {
  const { validation } = options;
  if (!(validation > 0 && validation < 1)) reject("validation", "must lie between 0 and 1", validation);
  const loaded = await loadData(what, loadOptions(what, options, stream, log));
  return chooseRows(loaded, options, stream);
}

function loadOptions(
  what: string,
  { labels, labelColumn, imageSize, testFraction, dataDir, rows, testRows }: ProbeDataOptions,
  stream: Stream,
  log: (line: string) => void,
): UserDataOptions {
  if (labels !== undefined && !existsSync(what))
    reject("labels", "can be given for a file of inputs only", what, "this data has labels of its own");
  return {
    stream: stream.split("data"),
    log,
    // Of a dataset of ours the first rows are as good as any, and drawn ones are drawn on demand. A file may be sorted.
    ...(!existsSync(what) && { rows: { train: rows ?? MOST_ROWS, test: testRows ?? MOST_ROWS } }),
    ...(labels !== undefined && { labels }),
    ...(labelColumn !== undefined && { labelColumn }),
    ...(imageSize !== undefined && { imageSize }),
    ...(testFraction !== undefined && { testFraction }),
    ...(dataDir !== undefined && { dataDir }),
  };
}

function chooseRows(data: LoadedDataset, { rows, testRows, validation }: ProbeDataOptions, stream: Stream): ProbeData {
  const pool = howMany("rows", rows, data.train.labels.length);
  const test = howMany("test rows", testRows, data.test.labels.length);
  const held = Math.round(pool * validation);
  if (!(held >= 1 && held < pool))
    reject("validation", `must leave rows for training and for validation, of ${pool}`, validation);
  const drawn = splitRows(
    data.train.labels.length,
    { train: pool - held, validation: held, test: 0 },
    stream.split("roles"),
  );
  const used = Int32Array.of(...drawn.train, ...drawn.validation).sort();
  const tested = splitRows(data.test.labels.length, { train: 0, validation: 0, test }, stream.split("test-rows")).test;
  const numberOf = new Map(Array.from(used, (row, at) => [row, at]));
  const numbered = (list: Int32Array): Int32Array => list.map((row) => numberOf.get(row) ?? Number.NaN);
  const place = (row: number): ReturnType<ProbeData["place"]> =>
    row < pool ? { set: data.train, row: used[row] ?? 0 } : { set: data.test, row: tested[row - pool] ?? 0 };
  const count = pool + test;
  const { name, sha256, synthetic, notice, classes, classNames, inputShape } = data;
  return {
    record: { name, sha256, synthetic, ...(notice !== undefined && { notice }) },
    classes,
    ...(classNames !== undefined && { classNames }),
    inputShape,
    count,
    labels: Int32Array.from({ length: count }, (_, at) => {
      const { set, row } = place(at);
      return set.labels[row] ?? Number.NaN;
    }),
    roles: {
      train: numbered(drawn.train),
      validation: numbered(drawn.validation),
      test: Int32Array.from({ length: test }, (_, at) => pool + at),
    },
    place,
    hash: createHash("sha256")
      .update(sha256)
      .update(new Uint8Array(used.buffer))
      .update("test")
      .update(new Uint8Array(tested.buffer, tested.byteOffset, tested.byteLength))
      .digest("hex"),
  };
}

function howMany(subject: string, wanted: number | undefined, there: number): number {
  if (wanted === undefined) return Math.min(MOST_ROWS, there);
  if (!(wanted <= there)) reject(subject, `must be at most the ${there} there are`, wanted);
  return wanted;
}
