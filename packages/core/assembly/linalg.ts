/**
 * @file Dense linear algebra on small matrices in SIMD, one thread, in float64 and, of Cholesky factors, in float32 too: a
 * module of its own, with a memory of its own that packages/core/src/linalg/dense-module.ts fills.
 */
import { mulAdd, roundsOnce } from "./tiles";
import { accumulateReflectors, tridiagonalize } from "./tridiagonal";

export { accumulateReflectors, roundsOnce, tridiagonalize };

/** Rows that are reduced side by side: every pair of rows above passes them once, and they stay in the second cache. */
const BAND: u32 = 32;

export function choleskyFactor(a: usize, n: u32): bool {
  return factor<f64>(a, n);
}

export function choleskyFactorSingle(a: usize, n: u32): bool {
  return factor<f32>(a, n);
}

export function choleskySolve(a: usize, n: u32, x: usize): void {
  solve<f64>(a, n, x);
}

export function choleskySolveSingle(a: usize, n: u32, x: usize): void {
  solve<f32>(a, n, x);
}

/**
 * A [n, n] row-major at `a` ← its Cholesky factor L in the lower triangle (Golub & Van Loan 2013, alg. 4.2.1, a band of
 * rows at a time, of these four by four; every inner product runs along memory). n is a multiple of 4. Returns false when
 * A is not positive definite to working precision; the upper triangle is left as it was.
 */
function factor<T>(a: usize, n: u32): bool {
  const stride: u32 = n * sizeof<T>();
  for (let band: u32 = 0; band < n; band += BAND) {
    const end = min(band + BAND, n);
    for (let j: u32 = 0; j < band; j += 2) for (let i = band; i < end; i += 4) entries<T>(a, stride, i, j);
    for (let i = band; i < end; i += 4) {
      for (let j = band; j < i; j += 2) entries<T>(a, stride, i, j);
      const rows = a + i * stride;
      tile<T>(rows, rows, stride, i, i);
      tile<T>(rows, rows + 2 * stride, stride, i + 2, i);
      if (!corner<T>(rows + i * sizeof<T>(), stride)) return false;
    }
  }
  return true;
}

/** L's entries of four rows from i on in columns j and j + 1. */
// @ts-ignore: decorator
@inline function entries<T>(a: usize, stride: u32, i: u32, j: u32): void {
  const rows = a + i * stride;
  tile<T>(rows, a + j * stride, stride, j, j);
  const pivots = a + j * stride + j * sizeof<T>();
  const first = load<T>(pivots);
  const below = load<T>(pivots + stride);
  const second = load<T>(pivots + stride + sizeof<T>());
  for (let r = rows + j * sizeof<T>(), end = r + 4 * stride; r < end; r += stride) {
    const left: T = (load<T>(r) / first) as T;
    store<T>(r, left);
    store<T>(r + sizeof<T>(), ((load<T>(r + sizeof<T>()) - left * below) / second) as T);
  }
}

/** Entries (r, c), r < 4, c < 2, at column `at` of the four rows, less the inner products of the first `length` columns. */
function tile<T>(rows: usize, others: usize, stride: u32, at: u32, length: u32): void {
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
  const bytes: u32 = length * sizeof<T>();
  for (let k: u32 = 0; k < bytes; k += 16) {
    // `length` is even: of float32 the last two may be alone, and what follows them is no part of the product.
    const alone = sizeof<T>() == 4 && k + 16 > bytes;
    const b0 = alone ? v128.load64_zero(others + k) : v128.load(others + k);
    const b1 = alone ? v128.load64_zero(o1 + k) : v128.load(o1 + k);
    const a0 = v128.load(rows + k);
    s00 = mulAdd<T>(s00, a0, b0);
    s01 = mulAdd<T>(s01, a0, b1);
    const a1 = v128.load(r1 + k);
    s10 = mulAdd<T>(s10, a1, b0);
    s11 = mulAdd<T>(s11, a1, b1);
    const a2 = v128.load(r2 + k);
    s20 = mulAdd<T>(s20, a2, b0);
    s21 = mulAdd<T>(s21, a2, b1);
    const a3 = v128.load(r3 + k);
    s30 = mulAdd<T>(s30, a3, b0);
    s31 = mulAdd<T>(s31, a3, b1);
  }
  const to: u32 = at * sizeof<T>();
  take<T>(rows + to, s00, s01);
  take<T>(r1 + to, s10, s11);
  take<T>(r2 + to, s20, s21);
  take<T>(r3 + to, s30, s31);
}

/** Two neighbours less the lanes' sums. */
// @ts-ignore: decorator
@inline function take<T>(at: usize, s0: v128, s1: v128): void {
  if (sizeof<T>() == 8) {
    const sums = f64x2.add(v128.shuffle<f64>(s0, s1, 0, 2), v128.shuffle<f64>(s0, s1, 1, 3));
    v128.store(at, f64x2.sub(v128.load(at), sums));
  } else {
    const halves = f32x4.add(v128.shuffle<f32>(s0, s1, 0, 4, 1, 5), v128.shuffle<f32>(s0, s1, 2, 6, 3, 7));
    const sums = f32x4.add(halves, v128.shuffle<f32>(halves, halves, 2, 3, 0, 1));
    v128.store64_lane(at, f32x4.sub(v128.load64_zero(at), sums), 0);
  }
}

/** The factor of the 4 × 4 block at `at`, in place; false when a pivot is not positive. */
function corner<T>(at: usize, stride: u32): bool {
  const size: u32 = sizeof<T>();
  for (let i: u32 = 0; i < 4; i++) {
    for (let j: u32 = 0; j <= i; j++) {
      let sum = load<T>(at + i * stride + j * size);
      for (let k: u32 = 0; k < j; k++) {
        sum = (sum - load<T>(at + i * stride + k * size) * load<T>(at + j * stride + k * size)) as T;
      }
      if (i > j) sum = (sum / load<T>(at + j * stride + j * size)) as T;
      else if (sum > <T>0) sum = sqrt<T>(sum);
      else return false; // NaN too
      store<T>(at + i * stride + j * size, sum);
    }
  }
  return true;
}

/**
 * x [n] ← (L Lᵀ)⁻¹ x for the factor in the lower triangle at `a`; n is a multiple of 4. Back, four rows at a time: a
 * quarter of the traffic on x.
 */
function solve<T>(a: usize, n: u32, x: usize): void {
  const size: u32 = sizeof<T>();
  const stride: u32 = n * size;
  for (let i: u32 = 0; i < n; i++) {
    const row = a + i * stride;
    store<T>(x + i * size, ((load<T>(x + i * size) - inner<T>(row, x, i)) / load<T>(row + i * size)) as T);
  }
  for (let i = n; i > 0; i -= 4) {
    const r0 = a + (i - 4) * stride;
    const r1 = r0 + stride;
    const r2 = r1 + stride;
    const r3 = r2 + stride;
    const at = (i - 4) * size;
    const own = x + at;
    const x3: T = (load<T>(own + 3 * size) / load<T>(r3 + at + 3 * size)) as T;
    const left2: T = (load<T>(own + 2 * size) - load<T>(r3 + at + 2 * size) * x3) as T;
    const x2: T = (left2 / load<T>(r2 + at + 2 * size)) as T;
    const left1: T = (load<T>(own + size) - load<T>(r3 + at + size) * x3 - load<T>(r2 + at + size) * x2) as T;
    const x1: T = (left1 / load<T>(r1 + at + size)) as T;
    const left0: T = (load<T>(own) - load<T>(r3 + at) * x3 - load<T>(r2 + at) * x2 - load<T>(r1 + at) * x1) as T;
    const x0: T = (left0 / load<T>(r0 + at)) as T;
    store<T>(own, x0);
    store<T>(own + size, x1);
    store<T>(own + 2 * size, x2);
    store<T>(own + 3 * size, x3);
    const v0 = v128.splat<T>((-x0) as T);
    const v1 = v128.splat<T>((-x1) as T);
    const v2 = v128.splat<T>((-x2) as T);
    const v3 = v128.splat<T>((-x3) as T);
    for (let j: u32 = 0, end: u32 = at; j < end; j += 16) {
      let v = mulAdd<T>(v128.load(x + j), v128.load(r0 + j), v0);
      v = mulAdd<T>(v, v128.load(r1 + j), v1);
      v = mulAdd<T>(v, v128.load(r2 + j), v2);
      v128.store(x + j, mulAdd<T>(v, v128.load(r3 + j), v3));
    }
  }
}

/** Inner product of the first `length` numbers; four vectors of sums, so that additions overlap. */
function inner<T>(a: usize, b: usize, length: u32): T {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  const bytes: u32 = length * sizeof<T>();
  const whole = bytes & ~63;
  let k: u32 = 0;
  for (; k < whole; k += 64) {
    s0 = mulAdd<T>(s0, v128.load(a + k), v128.load(b + k));
    s1 = mulAdd<T>(s1, v128.load(a + k, 16), v128.load(b + k, 16));
    s2 = mulAdd<T>(s2, v128.load(a + k, 32), v128.load(b + k, 32));
    s3 = mulAdd<T>(s3, v128.load(a + k, 48), v128.load(b + k, 48));
  }
  const sums = v128.add<T>(v128.add<T>(s0, s1), v128.add<T>(s2, s3));
  let sum = v128.extract_lane<T>(sums, 0) + v128.extract_lane<T>(sums, 1);
  if (sizeof<T>() == 4) sum = (sum + (v128.extract_lane<f32>(sums, 2) + v128.extract_lane<f32>(sums, 3))) as T;
  for (; k < bytes; k += sizeof<T>()) sum = (sum + load<T>(a + k) * load<T>(b + k)) as T;
  return sum;
}
