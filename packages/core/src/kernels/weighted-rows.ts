/** @file The rows of a weighted sample as features of their own, for curvature on a sample. */
import type { Features, Runtime } from "./kernels.ts";
import { matrixFeatures } from "./matrix-features.ts";

/** √ωᵢ((xᵢ - c) ∘ s; 1) [m, d+1] of rows i. */
export interface SampleOfRows {
  readonly rows: Int32Array; // i [m]
  readonly weights: Float64Array; // ω ≥ 0 [m]
  readonly shift: Float64Array; // c [d]
  readonly scale: Float64Array; // s [d]
}

/** In plain TypeScript: each number in float64, then rounded. */
export function weightedRowsOf(runtime: Runtime, features: Features, sample: SampleOfRows): Features {
  const { weights, shift, scale } = sample;
  const d = features.cols;
  const x = features.readRows(sample.rows);
  const values = new Float32Array(weights.length * (d + 1));
  for (let i = 0, from = 0, to = 0; i < weights.length; i++, from += d, to += d + 1) {
    const root = Math.sqrt(weights[i]!);
    for (let j = 0; j < d; j++) values[to + j] = root * (x[from + j]! - shift[j]!) * scale[j]!;
    values[to + d] = root;
  }
  return matrixFeatures(runtime, { values, rows: weights.length, cols: d + 1, name: "weighted rows" });
}
