/**
 * @file Cholesky factors A = L Lᵀ of symmetric positive definite matrices, float64, row-major (Golub & Van Loan 2013,
 * alg. 4.2.1, row by row so that every inner product runs along memory). Large ones are factored in WebAssembly.
 */
import { denseModule, MATRIX } from "./dense-module.ts";

/** From here on copying to the module's memory and back costs little beside the factor. */
const COMPILED_FROM = 64;

/**
 * L [n, n] in the lower triangle of `into`, which may be A itself; undefined when A is not positive definite to working
 * precision. What is above the diagonal stays as it was, in A and in `into`, and is never read.
 */
export function choleskyFactor(
  a: Float64Array,
  n: number,
  into: Float64Array = new Float64Array(n * n),
): Float64Array | undefined {
  if (n >= COMPILED_FROM) return compiledFactor(a, n, into);
  const l = into;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const sum = a[i * n + j]! - dot(l, i * n, l, j * n, j);
      if (i > j) l[i * n + j] = sum / l[j * n + j]!;
      else if (sum > 0) l[i * n + i] = Math.sqrt(sum);
      else return undefined;
    }
  }
  return l;
}

/** The same in the compiled module: A is bordered by the identity to a multiple of four. */
function compiledFactor(a: Float64Array, n: number, l: Float64Array): Float64Array | undefined {
  const size = 4 * Math.ceil(n / 4);
  const module = denseModule(size * size * 8);
  const inside = new Float64Array(module.memory.buffer, MATRIX, size * size);
  for (let i = 0; i < n; i++) inside.set(a.subarray(i * n, i * n + i + 1), i * size);
  for (let i = n; i < size; i++) {
    inside.fill(0, i * size, i * size + i);
    inside[i * size + i] = 1;
  }
  if (module.choleskyFactor(MATRIX, size) === 0) return undefined;
  for (let i = 0; i < n; i++) l.set(inside.subarray(i * size, i * size + i + 1), i * n);
  return l;
}

/** A⁻¹ b for a factor of A. Going back, four rows at a time: a quarter of the traffic on x. */
export function choleskySolve(l: Float64Array, n: number, b: Float64Array): Float64Array {
  const x = b.slice();
  for (let i = 0; i < n; i++) x[i] = (x[i]! - dot(l, i * n, x, 0, i)) / l[i * n + i]!;
  let i = n - 1;
  for (; i >= 3; i -= 4) {
    const [r0, r1, r2, r3] = [i * n, (i - 1) * n, (i - 2) * n, (i - 3) * n];
    const x0 = x[i]! / l[r0 + i]!;
    const x1 = (x[i - 1]! - l[r0 + i - 1]! * x0) / l[r1 + i - 1]!;
    const x2 = (x[i - 2]! - l[r0 + i - 2]! * x0 - l[r1 + i - 2]! * x1) / l[r2 + i - 2]!;
    const x3 = (x[i - 3]! - l[r0 + i - 3]! * x0 - l[r1 + i - 3]! * x1 - l[r2 + i - 3]! * x2) / l[r3 + i - 3]!;
    [x[i], x[i - 1], x[i - 2], x[i - 3]] = [x0, x1, x2, x3];
    for (let j = 0; j < i - 3; j++) x[j]! -= l[r0 + j]! * x0 + l[r1 + j]! * x1 + (l[r2 + j]! * x2 + l[r3 + j]! * x3);
  }
  for (; i >= 0; i--) {
    const value = x[i]! / l[i * n + i]!;
    x[i] = value;
    for (let j = 0; j < i; j++) x[j]! -= l[i * n + j]! * value;
  }
  return x;
}

/** Four sums, so that additions overlap; the order is fixed. */
function dot(a: Float64Array, aAt: number, b: Float64Array, bAt: number, length: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let j = 0;
  for (; j + 3 < length; j += 4) {
    s0 += a[aAt + j]! * b[bAt + j]!;
    s1 += a[aAt + j + 1]! * b[bAt + j + 1]!;
    s2 += a[aAt + j + 2]! * b[bAt + j + 2]!;
    s3 += a[aAt + j + 3]! * b[bAt + j + 3]!;
  }
  for (; j < length; j++) s0 += a[aAt + j]! * b[bAt + j]!;
  return s0 + s1 + (s2 + s3);
}
