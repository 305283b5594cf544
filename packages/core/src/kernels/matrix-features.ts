/** @file A matrix in hand, as features of a runtime. */
import type { Features, Runtime } from "./kernels.ts";

export interface DenseMatrix {
  readonly values: Float32Array; // [rows, cols]
  readonly rows: number;
  readonly cols: number;
  /** Names the matrix in error messages. */
  readonly name?: string;
}

/** Copies the matrix; where its numbers are refused, nothing of it is left. */
export function matrixFeatures(runtime: Runtime, { values, ...shape }: DenseMatrix): Features {
  const writer = runtime.createFeatures(shape);
  try {
    writer.write(0, values);
    return writer.finish();
  } catch (cause) {
    writer.abandon();
    throw cause;
  }
}
