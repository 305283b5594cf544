/** @file Named arrays of a user's file become a dataset: which are the inputs, which the labels, what is for test. */
import { reject, rootStream } from "@linear-probes/core";
import type { NpyArray, NpyValues } from "@linear-probes/core";
import type { LabelledInputs, LoadedDataset, NamedInputs } from "../../dataset.ts";
import type { UserDataOptions } from "../user-data.ts";
import { assemble } from "./assemble.ts";
import { holdOut } from "./hold-out.ts";
import { toClasses, wholeNumbers } from "./labels.ts";

export type NamedArrays = ReadonlyMap<string, NpyArray>;

/** Names of the label array, of one set or (after the role) of two: Keras's y_train, MedMNIST's train_labels. */
const LABELS = ["labels", "label", "y", "targets", "target"];
const INPUTS = ["inputs", "images", "x", "input_ids", "data", "features"];

/** One set of rows before it is converted. */
interface Rows {
  readonly inputs: NamedArrays; // the first is the main one
  readonly labels: readonly (number | string)[];
}

export function fromArrays(
  subject: string,
  name: string,
  arrays: NamedArrays,
  options: UserDataOptions,
): LoadedDataset {
  const train = pick(subject, arrays, "train");
  const test = pick(subject, arrays, "test");
  if ((train === undefined) !== (test === undefined)) {
    const missing = train === undefined ? "training" : "test";
    reject(
      subject,
      "must have training and test arrays, or neither",
      `no ${missing} arrays`,
      "name them x_train, y_train, x_test, y_test",
    );
  }
  if (train !== undefined && options.labels !== undefined) {
    reject(subject, "has labels of its own", `another file of labels, ${options.labels}`, "leave one out");
  }
  if (train !== undefined && test !== undefined) return build(subject, name, train, test, options);
  const all = pick(subject, arrays, "");
  if (all === undefined) {
    const rule = `must have an array of labels named one of ${LABELS.join(", ")}, or y_train and y_test`;
    return reject(subject, rule, [...arrays.keys()].join(", "), "or name its file with the labels option");
  }
  return splitRows(subject, name, all, options);
}

/** Rows of a table, labels as numbers or words. */
export function fromTable(
  subject: string,
  name: string,
  inputs: Float32Array,
  labels: readonly (number | string)[],
  options: UserDataOptions,
): LoadedDataset {
  const table: NpyArray = { shape: [labels.length, inputs.length / labels.length], values: inputs };
  return splitRows(subject, name, { inputs: new Map([["inputs", table]]), labels }, options);
}

function splitRows(subject: string, name: string, all: Rows, options: UserDataOptions): LoadedDataset {
  const stream = options.stream ?? rootStream("user-data");
  const split = holdOut(subject, all.labels.length, options.testFraction ?? 0.2, stream);
  return build(subject, name, take(all, split.train), take(all, split.test), options, split.notice);
}

function build(
  subject: string,
  name: string,
  train: Rows,
  test: Rows,
  options: UserDataOptions,
  notice?: string,
): LoadedDataset {
  const { classes, classNames, labels } = toClasses(subject, [train.labels, test.labels]);
  const [trainRows, testRows] = [train, test].map((rows, i) => convert(subject, rows, labels[i] ?? new Int32Array()));
  if (trainRows === undefined || testRows === undefined)
    throw new Error(`${subject}: two sets went in, fewer came out`);
  const inputShape = shapeOf(train);
  if (inputShape.join() !== shapeOf(test).join()) {
    reject(
      subject,
      `test rows must have the training rows' shape (${inputShape.join(", ")})`,
      `(${shapeOf(test).join(", ")})`,
    );
  }
  const described = assemble({ name, classes, inputShape }, { train: trainRows, test: testRows }, options.rows, {
    synthetic: false,
    ...(notice === undefined ? {} : { notice }),
  });
  return { ...described, ...(classNames === undefined ? {} : { classNames }) };
}

/** The arrays of a role: those whose names, less "train" or "test", are the labels' and everything else of as many rows. */
function pick(subject: string, arrays: NamedArrays, role: "train" | "test" | ""): Rows | undefined {
  const own = new Map<string, NpyArray>();
  for (const [key, array] of arrays) {
    const bare = role === "" ? key : bareName(key, role);
    if (bare !== undefined) own.set(bare, array);
  }
  const labelKey = LABELS.find((key) => own.has(key));
  const labelArray = labelKey === undefined ? undefined : own.get(labelKey);
  if (labelKey === undefined || labelArray === undefined) return undefined;
  own.delete(labelKey);
  const rows = labelArray.shape[0] ?? 0;
  if (labelArray.values.length !== rows) {
    reject(`${subject}, ${labelKey}`, "labels must be one per row", `shape (${labelArray.shape.join(", ")})`);
  }
  const keys = [...own.keys()].sort((a, b) => rank(a) - rank(b));
  if (keys.length === 0)
    reject(subject, "must have an array of inputs beside the labels", [...arrays.keys()].join(", "));
  for (const [key, { shape }] of own) {
    if (!(shape.length >= 2 && shape[0] === rows)) {
      reject(`${subject}, ${key}`, `must be [${rows}, …], a row per label`, `shape (${shape.join(", ")})`);
    }
  }
  const inputs = new Map(keys.map((key) => [key, own.get(key) ?? reject(subject, "lost an array", key)]));
  return { inputs, labels: wholeNumbers(`${subject}, ${labelKey}`, labelArray.values) };
}

/** "x_train", "train_x" and "train-x" are "x"; undefined for another role. */
function bareName(key: string, role: "train" | "test"): string | undefined {
  const match = new RegExp(`^(?:(.+)[_-]${role}|${role}[_-](.+))$`).exec(key);
  return match?.[1] ?? match?.[2];
}

/** The main input comes first, other arrays in the order of the file. */
function rank(key: string): number {
  const place = INPUTS.indexOf(key);
  return place === -1 ? INPUTS.length : place;
}

function shapeOf({ inputs }: Rows): readonly number[] {
  return [...inputs.values()][0]?.shape.slice(1) ?? [];
}

function take({ inputs, labels }: Rows, rows: Int32Array): Rows {
  const taken = [...inputs].map(([key, { shape, values }]): [string, NpyArray] => {
    const size = values.length / labels.length;
    const out = values.slice(0, rows.length * size);
    rows.forEach((row, i) => copy(out, i * size, values.subarray(row * size, (row + 1) * size)));
    return [key, { shape: [rows.length, ...shape.slice(1)], values: out }];
  });
  return { inputs: new Map(taken), labels: Array.from(rows, (row) => labels[row] ?? Number.NaN) };
}

/** `out` and `part` are of one type, being slices of one array. */
function copy(out: NpyValues, at: number, part: NpyValues): void {
  new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(
    new Uint8Array(part.buffer, part.byteOffset, part.byteLength),
    at * out.BYTES_PER_ELEMENT,
  );
}

function convert(subject: string, { inputs }: Rows, labels: Int32Array): LabelledInputs {
  const named = [...inputs].map(([key, { shape, values }]): [string, NamedInputs] => [
    key,
    { values: plainNumbers(`${subject}, ${key}`, values), shape: shape.slice(1) },
  ]);
  const main = named[0]?.[1].values ?? new Float32Array();
  return { inputs: main, labels, ...(named.length > 1 ? { named: Object.fromEntries(named) } : {}) };
}

/** Bytes stay bytes, whole numbers become int32, fractions float32; what does not fit is refused. */
function plainNumbers(subject: string, values: NpyValues): LabelledInputs["inputs"] {
  if (values instanceof Uint8Array || values instanceof Int32Array) return values;
  const fractions = values instanceof Float32Array || values instanceof Float64Array;
  const out = fractions ? new Float32Array(values.length) : new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    out[i] = value;
    if (fractions ? !Number.isFinite(out[i]) : out[i] !== value) {
      reject(`${subject}, value ${i}`, fractions ? "must be a finite float32" : "must fit int32", value);
    }
  }
  return out;
}
