/**
 * @file The vector operations that every solver needs, float64, each in an order of its own that is always the same. Loops,
 * since `map` with a closure is slower.
 */

/** aᵀb, in four sums: one would wait for itself at every number. */
export function dot(a: Float64Array, b: Float64Array): number {
  const whole = a.length & ~3;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let at = 0; at < whole; at += 4) {
    s0 += a[at]! * b[at]!;
    s1 += a[at + 1]! * b[at + 1]!;
    s2 += a[at + 2]! * b[at + 2]!;
    s3 += a[at + 3]! * b[at + 3]!;
  }
  for (let at = whole; at < a.length; at++) s0 += a[at]! * b[at]!;
  return s0 + s1 + (s2 + s3);
}

/** y ← y + factor·x. */
export function axpy(factor: number, x: Float64Array, y: Float64Array): void {
  const whole = x.length & ~3;
  for (let at = 0; at < whole; at += 4) {
    y[at]! += factor * x[at]!;
    y[at + 1]! += factor * x[at + 1]!;
    y[at + 2]! += factor * x[at + 2]!;
    y[at + 3]! += factor * x[at + 3]!;
  }
  for (let at = whole; at < x.length; at++) y[at]! += factor * x[at]!;
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
