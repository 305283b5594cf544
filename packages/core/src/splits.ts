/**
 * @file Three-way splits by construction: every row gets exactly one role, and the role is in the type. What fits takes
 * `train`, what selects takes `validation`, and only `evaluateOnTest` and `predictOnTest` take `test`.
 */
import { checkLabelled } from "./check-problem.ts";
import { reject } from "./errors.ts";
import type { Features, Runtime } from "./kernels/kernels.ts";
import type { LabelledFeatures } from "./problem.ts";
import type { Stream } from "./stream.ts";

export interface SplitSizes {
  readonly train: number; // rows
  readonly validation: number;
  readonly test: number;
}

export type SplitRows = Readonly<Record<keyof SplitSizes, Int32Array>>;

export interface Split {
  readonly train: LabelledFeatures<"train">;
  readonly validation: LabelledFeatures<"validation">;
  readonly test: LabelledFeatures<"test">;
}

/** Rows 0 .. rows-1 shuffled and dealt out; rows beyond the sizes asked for are left unused. Sorted within a role. */
export function splitRows(rows: number, sizes: SplitSizes, stream: Stream): SplitRows {
  for (const [role, size] of Object.entries(sizes)) {
    if (!(Number.isInteger(size) && size >= 0)) reject(`${role} size`, "must be a whole number of rows", size);
  }
  const { train, validation, test } = sizes;
  const total = train + validation + test;
  if (total > rows) reject("split", `needs at most the ${rows} rows there are`, total);
  const order = stream.permutation(rows);
  return {
    train: order.slice(0, train).sort(),
    validation: order.slice(train, train + validation).sort(),
    test: order.slice(train + validation, total).sort(),
  };
}

/** Gives a role to features and labels, after checking that they belong together. */
export function labelled<Role extends "train" | "validation" | "test">(
  role: Role,
  features: Features,
  labels: Int32Array,
  classes: number,
): LabelledFeatures<Role> {
  const rows: LabelledFeatures<Role> = { role, features, labels, classes };
  checkLabelled(rows);
  return rows;
}

const BLOCK_ROWS = 4096; // copied at a time

/** Copies the rows of each role into features of their own. */
export function splitFeatures(
  runtime: Runtime,
  all: { readonly features: Features; readonly labels: Int32Array; readonly classes: number },
  rows: SplitRows,
): Split {
  const part = <Role extends keyof SplitSizes>(role: Role): LabelledFeatures<Role> => {
    const wanted = rows[role];
    const writer = runtime.createFeatures({ rows: wanted.length, cols: all.features.cols, name: role });
    try {
      for (let start = 0; start < wanted.length; start += BLOCK_ROWS) {
        writer.write(start, all.features.readRows(wanted.subarray(start, start + BLOCK_ROWS)));
      }
      return labelled(
        role,
        writer.finish(),
        Int32Array.from(wanted, (row) => all.labels[row]!),
        all.classes,
      );
    } catch (cause) {
      writer.abandon();
      throw cause;
    }
  };
  return { train: part("train"), validation: part("validation"), test: part("test") };
}
