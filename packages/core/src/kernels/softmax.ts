/** @file The softmax of one row of margins, in float64, with the greatest margin subtracted so that nothing overflows. */

/** p ← softmax(z) for the k margins at `at`; returns log Σ exp z. */
export function softmaxRow(z: Float64Array, at: number, k: number, p: Float64Array): number {
  let top = -Infinity;
  for (let c = 0; c < k; c++) top = Math.max(top, z[at + c]!);
  let sum = 0;
  for (let c = 0; c < k; c++) sum += p[c] = Math.exp(z[at + c]! - top);
  for (let c = 0; c < k; c++) p[c]! /= sum;
  return top + Math.log(sum);
}

/** The first class of greatest margin among the k at `at`. */
export function argmaxRow(z: Float64Array, at: number, k: number): number {
  let best = 0;
  for (let c = 1; c < k; c++) if (z[at + c]! > z[at + best]!) best = c;
  return best;
}
