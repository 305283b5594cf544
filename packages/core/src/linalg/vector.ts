/** @file The vector operations that every solver needs, float64, in index order. Loops, since `map` with a closure is slower. */

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

/** x + factor·y, a new array. */
export function combined(x: Float64Array, factor: number, y: Float64Array): Float64Array {
  const out = new Float64Array(x.length);
  for (let at = 0; at < x.length; at++) out[at] = x[at]! + factor * y[at]!;
  return out;
}

/** factor·x, a new array. */
export function scaledBy(factor: number, x: Float64Array): Float64Array {
  const out = new Float64Array(x.length);
  for (let at = 0; at < x.length; at++) out[at] = factor * x[at]!;
  return out;
}
