/** @file Rows in hand → labelled features of a runtime, and back. */
import { type Features, labelled, type LabelledFeatures, matrixFeatures, type Runtime } from "@linear-probes/core";

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
  const features = matrixFeatures(runtime, { values: x, rows: labels.length, cols, name: `${name} ${role}` });
  return labelled(role, features, labels, classes);
}

const BLOCK_ROWS = 4096;

/** A copy of X [n, d]. */
export function valuesOf(features: Features): Float32Array {
  const { rows, cols } = features;
  const x = new Float32Array(rows * cols);
  for (let start = 0; start < rows; start += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, rows - start);
    x.set(features.readRows(Int32Array.from({ length: count }, (_, row) => start + row)), start * cols);
  }
  return x;
}
