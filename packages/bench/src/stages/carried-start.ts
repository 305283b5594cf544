/**
 * @file Starting a layer's probe from the layer below: what the lower probe answers on a sample of rows, fitted by least
 * squares on the features of the layer above. Where a layer loses little that is near its optimum, so that the Hessian
 * sampled there serves to the end.
 */
import {
  choleskyFactor,
  choleskySolve,
  type Features,
  type LinearProbe,
  matrixFeatures,
  type Runtime,
} from "@linear-probes/core";
import { onRaw } from "./warm-start.ts";

/** A probe's logits [m, classes] on rows spread over all. */
export interface SampledLogits {
  readonly rows: readonly number[]; // [m]
  readonly classes: number;
  readonly logits: Float64Array;
}

const SAMPLE_ROWS = 1500;
/** Added to the second moments of standardised features. */
const RIDGE = 1e-3;

export function sampledLogits(features: Features, { classes: k, cols: d, weights, bias }: LinearProbe): SampledLogits {
  const m = Math.min(SAMPLE_ROWS, features.rows);
  const rows = Array.from({ length: m }, (_, i) => Math.floor(((i + 0.5) * features.rows) / m));
  const x = features.readRows(rows);
  const logits = new Float64Array(m * k);
  for (let i = 0; i < m; i++) {
    for (let c = 0; c < k; c++) {
      let sum = bias[c]!;
      for (let j = 0; j < d; j++) sum += weights[c * d + j]! * x[i * d + j]!;
      logits[i * k + c] = sum;
    }
  }
  return { rows, classes: k, logits };
}

/** The probe on standardised `features` whose logits are nearest; undefined where these have no variance. */
export function carriedStart(
  runtime: Runtime,
  features: Features,
  { rows, classes: k, logits }: SampledLogits,
): LinearProbe | undefined {
  const { cols: d } = features;
  const { mean, variance } = features.moments();
  const inverse = variance.map((v) => (v > 0 ? 1 / Math.sqrt(v) : 0));
  const m = rows.length;
  const width = d + 1 + k; // x̃, 1, logits
  const values = new Float32Array(m * width);
  const x = features.readRows(rows);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < d; j++) values[i * width + j] = (x[i * d + j]! - mean[j]!) * inverse[j]!;
    values[i * width + d] = 1;
    values.set(logits.subarray(i * k, (i + 1) * k), i * width + d + 1);
  }
  const matrix = matrixFeatures(runtime, { values, rows: m, cols: width, name: "sampled logits" });
  const products = runtime.bind(matrix, { labels: new Int32Array(m), classes: 2 }).gram();
  matrix.release();

  const size = d + 1;
  const square = new Float64Array(size * size);
  for (let a = 0; a < size; a++) {
    square.set(products.subarray(a * width, a * width + size), a * size);
    square[a * (size + 1)]! += RIDGE;
  }
  const factor = choleskyFactor(square, size);
  if (factor === undefined) return undefined;
  const weights = new Float64Array(k * d);
  const bias = new Float64Array(k);
  for (let c = 0; c < k; c++) {
    const target = Float64Array.from({ length: size }, (_, a) => products[a * width + size + c]!);
    const solved = choleskySolve(factor, size, target);
    weights.set(solved.subarray(0, d), c * d);
    bias[c] = solved[d]!;
  }
  return onRaw({ classes: k, cols: d, weights, bias }, features);
}
