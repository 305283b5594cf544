/** @file Rows in hand → labelled features of a runtime. */
import { labelled, type LabelledFeatures, type Runtime } from "@linear-probes/core";

export interface DenseRows {
  readonly x: Float32Array; // X [n, d]
  readonly labels: Int32Array; // y [n]
  readonly cols: number; // d
  readonly classes: number; // k
}

export function labelledRows<Role extends "train" | "test">(
  runtime: Runtime,
  role: Role,
  name: string,
  { x, labels, cols, classes }: DenseRows,
): LabelledFeatures<Role> {
  const writer = runtime.createFeatures({ rows: labels.length, cols, name: `${name} ${role}` });
  try {
    writer.write(0, x);
    return labelled(role, writer.finish(), labels, classes);
  } catch (cause) {
    writer.abandon();
    throw cause;
  }
}
