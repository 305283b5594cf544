/**
 * @file Dense linear algebra on small matrices, float64 in SIMD, one thread: a module of its own, with a memory of its
 * own that packages/core/src/linalg/dense-module.ts fills.
 */
import { mulAdd, roundsOnce } from "./tiles";

export { roundsOnce };

/** Rows that are reduced side by side: every pair of rows above passes them once, and they stay in the second cache. */
const BAND: u32 = 32;

/**
 * A [n, n] row-major at `a` ← its Cholesky factor L in the lower triangle (Golub & Van Loan 2013, alg. 4.2.1, a band of
 * rows at a time, of these four by four; every inner product runs along memory). n is a multiple of 4. Returns false when
 * A is not positive definite to working precision; the upper triangle is left as it was.
 */
export function choleskyFactor(a: usize, n: u32): bool {
  const stride: u32 = n * 8;
  for (let band: u32 = 0; band < n; band += BAND) {
    const end = min(band + BAND, n);
    for (let j: u32 = 0; j < band; j += 2) for (let i = band; i < end; i += 4) entries(a, stride, i, j);
    for (let i = band; i < end; i += 4) {
      for (let j = band; j < i; j += 2) entries(a, stride, i, j);
      const rows = a + i * stride;
      tile(rows, rows, stride, i);
      tile(rows, rows + 2 * stride, stride, i + 2, i);
      if (!corner(rows + i * 8, stride)) return false;
    }
  }
  return true;
}

/** L's entries of four rows from i on in columns j and j + 1. */
// @ts-ignore: decorator
@inline function entries(a: usize, stride: u32, i: u32, j: u32): void {
  const rows = a + i * stride;
  tile(rows, a + j * stride, stride, j);
  const pivots = a + j * stride + j * 8;
  const first = load<f64>(pivots);
  const below = load<f64>(pivots + stride);
  const second = load<f64>(pivots + stride, 8);
  for (let r = rows + j * 8, end = r + 4 * stride; r < end; r += stride) {
    const left = load<f64>(r) / first;
    store<f64>(r, left);
    store<f64>(r, (load<f64>(r, 8) - left * below) / second, 8);
  }
}

/** Entries (r, c), r < 4, c < 2, at column `at` of the four rows, less the inner products of the first `length` columns. */
function tile(rows: usize, others: usize, stride: u32, at: u32, length: u32 = at): void {
  let s00 = f64x2.splat(0);
  let s01 = f64x2.splat(0);
  let s10 = f64x2.splat(0);
  let s11 = f64x2.splat(0);
  let s20 = f64x2.splat(0);
  let s21 = f64x2.splat(0);
  let s30 = f64x2.splat(0);
  let s31 = f64x2.splat(0);
  const r1 = rows + stride;
  const r2 = r1 + stride;
  const r3 = r2 + stride;
  const o1 = others + stride;
  for (let k: u32 = 0, end = length * 8; k < end; k += 16) {
    const b0 = v128.load(others + k);
    const b1 = v128.load(o1 + k);
    const a0 = v128.load(rows + k);
    s00 = mulAdd<f64>(s00, a0, b0);
    s01 = mulAdd<f64>(s01, a0, b1);
    const a1 = v128.load(r1 + k);
    s10 = mulAdd<f64>(s10, a1, b0);
    s11 = mulAdd<f64>(s11, a1, b1);
    const a2 = v128.load(r2 + k);
    s20 = mulAdd<f64>(s20, a2, b0);
    s21 = mulAdd<f64>(s21, a2, b1);
    const a3 = v128.load(r3 + k);
    s30 = mulAdd<f64>(s30, a3, b0);
    s31 = mulAdd<f64>(s31, a3, b1);
  }
  take(rows + at * 8, s00, s01);
  take(r1 + at * 8, s10, s11);
  take(r2 + at * 8, s20, s21);
  take(r3 + at * 8, s30, s31);
}

/** Two neighbours less the lanes' sums. */
// @ts-ignore: decorator
@inline function take(at: usize, s0: v128, s1: v128): void {
  const sums = f64x2.add(v128.shuffle<f64>(s0, s1, 0, 2), v128.shuffle<f64>(s0, s1, 1, 3));
  v128.store(at, f64x2.sub(v128.load(at), sums));
}

/** The factor of the 4 × 4 block at `at`, in place; false when a pivot is not positive. */
function corner(at: usize, stride: u32): bool {
  for (let i: u32 = 0; i < 4; i++) {
    for (let j: u32 = 0; j <= i; j++) {
      let sum = load<f64>(at + i * stride + j * 8);
      for (let k: u32 = 0; k < j; k++) sum -= load<f64>(at + i * stride + k * 8) * load<f64>(at + j * stride + k * 8);
      if (i > j) sum /= load<f64>(at + j * stride + j * 8);
      else if (sum > 0) sum = sqrt(sum);
      else return false; // NaN too
      store<f64>(at + i * stride + j * 8, sum);
    }
  }
  return true;
}
