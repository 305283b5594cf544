/**
 * @file Dense linear algebra on small matrices, float64 in SIMD, one thread: a module of its own, with a memory of its
 * own that packages/core/src/linalg/dense-module.ts fills.
 */
import { mulAdd, roundsOnce } from "./tiles";
import { accumulateReflectors, tridiagonalize } from "./tridiagonal";

export { accumulateReflectors, roundsOnce, tridiagonalize };

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

/**
 * x [n] ← (L Lᵀ)⁻¹ x for the factor in the lower triangle at `a`; n is a multiple of 4. Back, four rows at a time: a
 * quarter of the traffic on x.
 */
export function choleskySolve(a: usize, n: u32, x: usize): void {
  const stride: u32 = n * 8;
  for (let i: u32 = 0; i < n; i++) {
    const row = a + i * stride;
    store<f64>(x + i * 8, (load<f64>(x + i * 8) - inner(row, x, i)) / load<f64>(row + i * 8));
  }
  for (let i = n; i > 0; i -= 4) {
    const r0 = a + (i - 4) * stride;
    const r1 = r0 + stride;
    const r2 = r1 + stride;
    const r3 = r2 + stride;
    const at = (i - 4) * 8;
    const x3 = load<f64>(x + at, 24) / load<f64>(r3 + at, 24);
    const x2 = (load<f64>(x + at, 16) - load<f64>(r3 + at, 16) * x3) / load<f64>(r2 + at, 16);
    const x1 = (load<f64>(x + at, 8) - load<f64>(r3 + at, 8) * x3 - load<f64>(r2 + at, 8) * x2) / load<f64>(r1 + at, 8);
    const x0 = (load<f64>(x + at) - load<f64>(r3 + at) * x3 - load<f64>(r2 + at) * x2 - load<f64>(r1 + at) * x1) / load<f64>(r0 + at);
    store<f64>(x + at, x0);
    store<f64>(x + at, x1, 8);
    store<f64>(x + at, x2, 16);
    store<f64>(x + at, x3, 24);
    const v0 = f64x2.splat(-x0);
    const v1 = f64x2.splat(-x1);
    const v2 = f64x2.splat(-x2);
    const v3 = f64x2.splat(-x3);
    for (let j: u32 = 0, end: u32 = at; j < end; j += 16) {
      let v = mulAdd<f64>(v128.load(x + j), v128.load(r0 + j), v0);
      v = mulAdd<f64>(v, v128.load(r1 + j), v1);
      v = mulAdd<f64>(v, v128.load(r2 + j), v2);
      v128.store(x + j, mulAdd<f64>(v, v128.load(r3 + j), v3));
    }
  }
}

/** Inner product of the first `length` numbers; eight sums, so that additions overlap. */
function inner(a: usize, b: usize, length: u32): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  const whole = (length & ~7) * 8;
  let k: u32 = 0;
  for (; k < whole; k += 64) {
    s0 = mulAdd<f64>(s0, v128.load(a + k), v128.load(b + k));
    s1 = mulAdd<f64>(s1, v128.load(a + k, 16), v128.load(b + k, 16));
    s2 = mulAdd<f64>(s2, v128.load(a + k, 32), v128.load(b + k, 32));
    s3 = mulAdd<f64>(s3, v128.load(a + k, 48), v128.load(b + k, 48));
  }
  const sums = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  for (; k < length * 8; k += 8) sum += load<f64>(a + k) * load<f64>(b + k);
  return sum;
}
