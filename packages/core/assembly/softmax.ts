/**
 * @file What is done to margins row by row, all in float64: loss, residual p - y, counts. A row of margins occupies
 * ZP = k rounded up to even float64; `bias` [ZP] is added to it and is -Infinity in the padding, so that padding gets
 * probability 0. The log of each row's sum is taken for 32 rows at once, of their product (each sum lies in 1..k).
 */
import { ACC_BIAS, ACC_CURVATURE, ACC_ERRORS, ACC_LOSS, ACC_SLOPE, accBody, addTo } from "./accumulators";
import { FIVE_VECTORS, lines5, residuals5 } from "./five-vectors";
import { Job, paddedClasses } from "./job";
import { expNonPositive, logPositive, something, sum2 } from "./math";
import { mulAdd } from "./tiles";

/**
 * E ← Z + bias less each row's greatest; returns Σ over rows of minus the label's, which is the loss but for the
 * logarithms. Rows are taken a block at a time, pass by pass, so that the passes overlap from row to row.
 */
function centre(job: Job, z: usize, bias: usize, labels: usize, rows: u32, e: usize): f64 {
  const bytes = paddedClasses(job) * 8;
  let loss: f64 = 0;
  for (let i: u32 = 0; i < rows; i++, z += bytes, e += bytes, labels += 4) {
    let tops = f64x2.splat(-Infinity);
    for (let c: u32 = 0; c < bytes; c += 16) {
      const v = f64x2.add(v128.load(z + c), v128.load(bias + c));
      tops = f64x2.pmax(tops, v);
      v128.store(e + c, v);
    }
    const top = f64x2.splat(max(f64x2.extract_lane(tops, 0), f64x2.extract_lane(tops, 1)));
    for (let c: u32 = 0; c < bytes; c += 16) v128.store(e + c, f64x2.sub(v128.load(e + c), top));
    loss -= load<f64>(e + load<u32>(labels) * 8);
  }
  return loss;
}

/** E ← exp E, number by number. */
function exponentials(job: Job, rows: u32, e: usize): void {
  for (const end = e + rows * paddedClasses(job) * 8; e < end; e += 16) v128.store(e, expNonPositive(v128.load(e)));
}

/** Sum of a row of E. */
// @ts-ignore: decorator
@inline function rowSum(e: usize, bytes: u32): f64 {
  let sum = f64x2.splat(0);
  for (let c: u32 = 0; c < bytes; c += 16) sum = f64x2.add(sum, v128.load(e + c));
  return sum2(sum);
}

/** r ← the first numbers of v as T. */
// @ts-ignore: decorator
@inline export function storeResidual<T>(r: usize, v: v128): void {
  if (sizeof<T>() == 8) v128.store(r, v);
  else v128.store64_lane(r, f32x4.demote_f64x2_zero(something(v)), 0);
}

/** R ← softmax(Z + bias) - Y for a block [rows, ZP] of T, by way of E; adds loss and Σ R to the accumulators. */
export function residuals<T>(job: Job, z: usize, bias: usize, labels: usize, rows: u32, r: usize, e: usize, acc: usize): void {
  const bytes = paddedClasses(job) * 8;
  if (bytes == FIVE_VECTORS) {
    residuals5<T>(z, bias, labels, rows, r, acc);
    return;
  }
  const rs = paddedClasses(job) * sizeof<T>();
  const bias0 = acc + ACC_BIAS;
  let loss = centre(job, z, bias, labels, rows, e);
  exponentials(job, rows, e);
  let product: f64 = 1;
  for (let i: u32 = 0; i < rows; i++, r += rs, e += bytes, labels += 4) {
    const y = load<u32>(labels) * 8;
    const sum = rowSum(e, bytes);
    product *= sum;
    if ((i & 31) == 31) {
      loss += logPositive(product);
      product = 1;
    }
    const inverse = f64x2.splat(1.0 / sum);
    store<f64>(e + y, load<f64>(e + y) - sum); // after the division: p - 1
    for (let c: u32 = 0; c < bytes; c += 16) {
      const v = f64x2.mul(v128.load(e + c), inverse);
      storeResidual<T>(r + ((c >> 3) * sizeof<T>()), v);
      v128.store(bias0 + c, f64x2.add(v128.load(bias0 + c), v));
    }
  }
  addTo(acc + ACC_LOSS, loss + logPositive(product));
}

/** R ← p ∘ (u - ⟨p, u⟩) with p = softmax(Z + bias), u [rows, ZP]; adds Σ R to the accumulators. */
export function curvatures(job: Job, z: usize, bias: usize, labels: usize, u: usize, rows: u32, r: usize, e: usize, acc: usize): void {
  const bytes = paddedClasses(job) * 8;
  const bias0 = acc + ACC_BIAS;
  centre(job, z, bias, labels, rows, e);
  exponentials(job, rows, e);
  for (let i: u32 = 0; i < rows; i++, e += bytes, u += bytes, r += bytes >> 1) {
    const inverse = 1.0 / rowSum(e, bytes);
    let dot = f64x2.splat(0);
    for (let c: u32 = 0; c < bytes; c += 16) dot = mulAdd<f64>(dot, v128.load(e + c), v128.load(u + c));
    const mean = f64x2.splat(sum2(dot) * inverse);
    for (let c: u32 = 0; c < bytes; c += 16) {
      const p = f64x2.mul(v128.load(e + c), f64x2.splat(inverse));
      const v = f64x2.mul(p, f64x2.sub(v128.load(u + c), mean));
      storeResidual<f32>(r + (c >> 1), v);
      v128.store(bias0 + c, f64x2.add(v128.load(bias0 + c), v));
    }
  }
}

/** Adds loss and errors of margins Z + bias. */
export function scores(job: Job, z: usize, bias: usize, labels: usize, rows: u32, e: usize, acc: usize): void {
  const bytes = paddedClasses(job) * 8;
  let loss = centre(job, z, bias, labels, rows, e);
  let errors = 0;
  for (let i: u32 = 0, row = e; i < rows; i++, row += bytes) {
    let first: u32 = 0;
    while (load<f64>(row + first) < 0) first += 8;
    if (first != load<u32>(labels + i * 4) * 8) errors++;
  }
  exponentials(job, rows, e);
  loss += logSums(rows, e, bytes);
  addTo(acc + ACC_LOSS, loss);
  addTo(acc + ACC_ERRORS, <f64>errors);
}

/** Σ over rows of the logarithm of the row's sum. */
function logSums(rows: u32, e: usize, bytes: u32): f64 {
  let total: f64 = 0;
  let product: f64 = 1;
  for (let i: u32 = 0; i < rows; i++, e += bytes) {
    product *= rowSum(e, bytes);
    if ((i & 31) == 31) {
      total += logPositive(product);
      product = 1;
    }
  }
  return total + logPositive(product);
}

/** P [rows, ZP] ← softmax(Z + bias). */
export function softmaxRows(job: Job, z: usize, bias: usize, labels: usize, rows: u32, p: usize): void {
  const bytes = paddedClasses(job) * 8;
  centre(job, z, bias, labels, rows, p);
  exponentials(job, rows, p);
  for (let i: u32 = 0; i < rows; i++, p += bytes) {
    const inverse = f64x2.splat(1.0 / rowSum(p, bytes));
    for (let c: u32 = 0; c < bytes; c += 16) v128.store(p + c, f64x2.mul(v128.load(p + c), inverse));
  }
}

/** Adds loss, slope and curvature of Z + t D (+ bias, which is 0 or -Infinity), by way of V and E [rows, ZP]. */
export function lines(job: Job, z: usize, d: usize, bias: usize, labels: usize, rows: u32, v: usize, e: usize, acc: usize): void {
  const bytes = paddedClasses(job) * 8;
  if (bytes == FIVE_VECTORS) {
    lines5(job, z, d, bias, labels, rows, acc);
    return;
  }
  const t = f64x2.splat(job.t);
  for (let at: u32 = 0; at < rows * bytes; at += 16) {
    v128.store(v + at, f64x2.add(v128.load(z + at), f64x2.mul(t, v128.load(d + at))));
  }
  const loss = centre(job, v, bias, labels, rows, e);
  exponentials(job, rows, e);
  addTo(acc + ACC_LOSS, loss + logSums(rows, e, bytes));
  let slope: f64 = 0;
  let curvature: f64 = 0;
  for (let i: u32 = 0; i < rows; i++, d += bytes, e += bytes) {
    // Moments about the label's own direction: small where the label has nearly all the probability.
    const own = v128.load_splat<f64>(d + load<u32>(labels + i * 4) * 8);
    let s0 = f64x2.splat(0);
    let s1 = s0;
    let s2 = s0;
    for (let c: u32 = 0; c < bytes; c += 16) {
      const p = v128.load(e + c);
      const delta = f64x2.sub(v128.load(d + c), own);
      const first = f64x2.mul(p, delta);
      s0 = f64x2.add(s0, p);
      s1 = f64x2.add(s1, first);
      s2 = mulAdd<f64>(s2, first, delta);
    }
    const inverse = 1.0 / sum2(s0);
    const mean = sum2(s1) * inverse;
    slope += mean;
    curvature += sum2(s2) * inverse - mean * mean;
  }
  addTo(acc + ACC_SLOPE, slope);
  addTo(acc + ACC_CURVATURE, curvature);
}

/** out [10] += Σ over rows of the number at `left` times the ten at `right`: five sums, that need not wait for each other. */
function addProducts5(left: usize, right: usize, stride: u32, rows: u32, out: usize): void {
  let s0 = v128.load(out);
  let s1 = v128.load(out, 16);
  let s2 = v128.load(out, 32);
  let s3 = v128.load(out, 48);
  let s4 = v128.load(out, 64);
  for (const end = left + rows * stride; left < end; left += stride, right += stride) {
    const factor = v128.load_splat<f64>(left);
    s0 = mulAdd<f64>(s0, factor, v128.load(right));
    s1 = mulAdd<f64>(s1, factor, v128.load(right, 16));
    s2 = mulAdd<f64>(s2, factor, v128.load(right, 32));
    s3 = mulAdd<f64>(s3, factor, v128.load(right, 48));
    s4 = mulAdd<f64>(s4, factor, v128.load(right, 64));
  }
  v128.store(out, s0);
  v128.store(out, s1, 16);
  v128.store(out, s2, 32);
  v128.store(out, s3, 48);
  v128.store(out, s4, 64);
}

/** Adds Σ residual, and Σ p pᵀ [k, ZP] to the body; Σ p goes to the row after it. P is [rows, ZP]. */
export function moments(job: Job, z: usize, bias: usize, labels: usize, rows: u32, p: usize, acc: usize): void {
  const k = job.classes;
  const bytes = paddedClasses(job) * 8;
  const outer = acc + accBody(job);
  const sums = outer + k * bytes;
  softmaxRows(job, z, bias, labels, rows, p);
  for (let a: u32 = 0; a < k * 8; a += 8) {
    const out = outer + (a >> 3) * bytes;
    let c: u32 = 0;
    for (; c + FIVE_VECTORS <= bytes; c += FIVE_VECTORS) addProducts5(p + a, p + c, bytes, rows, out + c);
    for (; c < bytes; c += 16) {
      let sum = v128.load(out + c);
      for (let at = p; at < p + rows * bytes; at += bytes) {
        sum = mulAdd<f64>(sum, v128.load_splat<f64>(at + a), v128.load(at + c));
      }
      v128.store(out + c, sum);
    }
  }
  const bias0 = acc + ACC_BIAS;
  for (let i: u32 = 0; i < rows; i++, p += bytes, labels += 4) {
    for (let c: u32 = 0; c < bytes; c += 16) v128.store(sums + c, f64x2.add(v128.load(sums + c), v128.load(p + c)));
    addTo(p + load<u32>(labels) * 8, -1);
    for (let c: u32 = 0; c < bytes; c += 16) v128.store(bias0 + c, f64x2.add(v128.load(bias0 + c), v128.load(p + c)));
  }
}
