/** @file What the variance-reduced solvers share: the order of rows, and how long a step may be. */
import type { Oracle, Stream } from "@linear-probes/core";

/** `permutation` visits every row once an epoch; `replacement` draws rows independently, as the theory assumes. */
export type Sampling = "permutation" | "replacement";

/** The rows of an epoch. */
export function epochOrder(rows: number, sampling: Sampling, stream: Stream): Int32Array {
  if (sampling === "permutation") return stream.permutation(rows);
  return Int32Array.from({ length: rows }, () => stream.integer(rows));
}

const NORM_ROWS = 4096; // all rows when there are fewer

/**
 * About the greatest smoothness constant of one row's loss, maxᵢ ½(‖x̃ᵢ‖² + 1) (Böhning 1992: diag(p) - ppᵀ ⪯ ½I), in the
 * oracle's metric, over a spread of rows. Twice the mean at least, for the rows that were not looked at.
 */
export function rowLipschitz(oracle: Oracle): number {
  const { rows: n, cols: d } = oracle;
  const count = Math.min(n, NORM_ROWS);
  const x = oracle.sampleRows(Int32Array.from({ length: count }, (_, i) => Math.floor((i * n) / count)));
  let most = 0;
  for (let i = 0; i < count; i++) {
    let square = 0;
    for (let j = 0; j < d; j++) square += oracle.metric[j]! * x[i * d + j]! ** 2;
    most = Math.max(most, square);
  }
  const mean = oracle.columnMeanSquares().reduce((sum, value, j) => sum + oracle.metric[j]! * value, 0);
  return 0.5 * (Math.max(most, 2 * mean) + 1);
}

/** ‖W‖² l2/2 of θ. */
export function penalty(oracle: Oracle, theta: Float64Array): number {
  let square = 0;
  for (let at = 0; at < oracle.classes * oracle.cols; at++) square += theta[at]! * theta[at]!;
  return (oracle.l2 / 2) * square;
}

/** factor·G + l2·W: the gradient of F from a sum of row gradients. */
export function withPenalty(oracle: Oracle, theta: Float64Array, sums: Float64Array, factor: number): Float64Array {
  const weights = oracle.classes * oracle.cols;
  return sums.map((value, at) => factor * value + (at < weights ? oracle.l2 * theta[at]! : 0));
}
