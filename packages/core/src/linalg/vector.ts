/** @file The two vector operations that every solver needs, float64, in index order. */

/** aᵀb. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!;
  return sum;
}

/** y ← y + factor·x. */
export function axpy(factor: number, x: Float64Array, y: Float64Array): void {
  for (let at = 0; at < x.length; at++) y[at]! += factor * x[at]!;
}
