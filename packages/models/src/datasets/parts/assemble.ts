/** @file Puts a loaded dataset together: rows asked for, labels checked, everything hashed. */
import { createHash } from "node:crypto";
import { reject } from "@linear-probes/core";
import type { Dataset, LabelledInputs, LoadedDataset, NamedInputs, LoadOptions } from "../../dataset.ts";

type Description = Pick<Dataset, "name" | "classes" | "inputShape">;
type Remarks = Pick<LoadedDataset, "synthetic" | "notice">;

export function assemble(
  { name, classes, inputShape }: Description,
  split: { readonly train: LabelledInputs; readonly test: LabelledInputs },
  rows: LoadOptions["rows"],
  remarks: Remarks,
): LoadedDataset {
  const size = inputShape.reduce((product, length) => product * length, 1);
  const train = firstRows(`${name} train`, split.train, size, rows?.train);
  const test = firstRows(`${name} test`, split.test, size, rows?.test);
  checkLabels(`${name} train`, train.labels, classes);
  checkLabels(`${name} test`, test.labels, classes);
  const sha256 = contentHash(`${classes} classes, ${inputShape.join("x")}`, [train, test]);
  return { name, classes, inputShape, train, test, sha256, ...remarks };
}

export function checkLabels(subject: string, labels: ArrayLike<number>, classes: number): void {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] ?? Number.NaN;
    if (!(label >= 0 && label < classes)) {
      reject(`${subject}, label of row ${i}`, `must lie in 0..${classes - 1}`, label, "are these the right labels?");
    }
  }
}

/** A row count, or the default where none is asked for. */
export function rowCount(subject: string, wanted: number | undefined, most: number): number {
  const count = wanted ?? most;
  if (!(Number.isInteger(count) && count >= 1 && count <= most)) {
    reject(subject, `rows must be an integer in 1..${most}`, count);
  }
  return count;
}

function firstRows(subject: string, all: LabelledInputs, size: number, wanted: number | undefined): LabelledInputs {
  if (all.inputs.length !== all.labels.length * size) {
    reject(subject, `${all.labels.length} labels need ${all.labels.length * size} inputs`, all.inputs.length);
  }
  const rows = rowCount(subject, wanted, all.labels.length);
  const named = Object.entries(all.named ?? {}).map(([name, { values, shape }]): [string, NamedInputs] => {
    const width = values.length / all.labels.length;
    return [name, { values: values.subarray(0, rows * width), shape }];
  });
  return {
    inputs: all.inputs.subarray(0, rows * size),
    labels: all.labels.subarray(0, rows),
    ...(all.named === undefined ? {} : { named: Object.fromEntries(named) }),
  };
}

function contentHash(shape: string, splits: readonly LabelledInputs[]): string {
  const hash = createHash("sha256");
  const add = (what: string, values: ArrayBufferView): void => {
    hash.update(`${what}, ${values.constructor.name} of ${values.byteLength} bytes\n`);
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  };
  for (const { inputs, labels, named } of splits) {
    add(shape, inputs);
    add("labels", labels);
    for (const [name, { values, shape: ownShape }] of Object.entries(named ?? {})) {
      add(`${JSON.stringify(name)} ${ownShape.join("x")}`, values);
    }
  }
  return hash.digest("hex");
}
