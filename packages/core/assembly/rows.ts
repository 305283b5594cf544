/**
 * @file The row-wise loops of SAG (Schmidt, Le Roux & Bach 2013), SAGA (Defazio et al. 2014) and SVRG (Johnson & Zhang
 * 2013). Each row's remembered residual is R_i; G = Σ R_i x̃_i, or for SVRG the snapshot's mean gradient. A step takes
 * `batch` rows, δ_i = softmax(z_i) - y_i - R_i and s = Σ δ_i x̃_i, then
 *
 *   W ← (1 - η λ) ∘ W - η s² ∘ (a s + g G),    G ← G + u s,    R_i ← R_i + u δ_i,
 *
 *   SAG: a = g = 1/m, u = 1.   SAGA: a = 1/batch, g = 1/m, u = 1.   SVRG: a = 1/batch, g = 1, u = 0.
 *
 * m counts the rows seen so far; s² is the square of each column's scale, λ its penalty. Products with x are float32;
 * W, G, R are float64, so that neither (1 - η λ) nor a small step is lost.
 */
import { Job, paddedClasses } from "./job";
import { expNonPositive, logPositive, NOTHING, sum2 } from "./math";
import { mulAdd } from "./tiles";

const SAG: u32 = 0;
const SVRG: u32 = 2;

/** Columns in whole pairs of float32 vectors. */
// @ts-ignore: decorator
@inline function width(job: Job): u32 {
  return (job.cols + 7) & ~7;
}

/** Scratch: rows of a step as x - c [batch, DP] float32, δ [batch, k padded] float64, one row of margins. */
export function rowScratchBytes(job: Job): u32 {
  return job.batch * (width(job) * 4 + paddedClasses(job) * 8) + paddedClasses(job) * 16 + 64;
}

/** Float32 copy of W, for the products. */
export function shadowWeights(job: Job): void {
  for (let at: u32 = 0; at < job.classes * width(job); at += 2) {
    v128.store64_lane(job.weights + at * 4, f32x4.demote_f64x2_zero(v128.load(job.theta + at * 8)), 0);
  }
}

/** Entries start .. start+count-1 of job.order; X at x, whose rows are those of the order when job.index is 0. */
export function rowSweep(job: Job, scratch: usize, acc: usize, x: usize, start: u32, count: u32): void {
  for (let at: u32 = 0; at < count; at += job.batch) {
    step(job, scratch, acc, x, start + at, at, min(job.batch, count - at));
  }
}

function step(job: Job, scratch: usize, acc: usize, x: usize, start: u32, staged: u32, size: u32): void {
  const wide = width(job) * 4;
  const zs = paddedClasses(job) * 8;
  const deltas = scratch + job.batch * wide;
  const e = deltas + job.batch * zs;
  let loss: f64 = 0;
  for (let i: u32 = 0; i < size; i++) {
    const row = load<u32>(job.order + (start + i) * 4);
    const from = x + (job.index ? row : staged + i) * job.stride;
    const v = scratch + i * wide;
    decodeRow(job, from, v);
    margins(job, v, e);
    loss += residual(job, e, e + zs, row, deltas + i * zs);
    if (job.lineSearch && i == 0) searchLipschitz(job, v, e, e + zs, row);
    if (job.method != SVRG) remember(job, row, deltas + i * zs);
  }
  store<f64>(acc, load<f64>(acc) + loss);
  if (job.lineSearch) job.rate = 1.0 / (job.lipschitz + job.l2);
  const m = job.method == SVRG ? 1.0 : 1.0 / <f64>max<u32>(1, job.seenCount);
  const a = job.method == SAG ? m : 1.0 / <f64>size;
  update(job, scratch, deltas, size, job.rate * a, job.rate * m);
}

/** to ← x - c; columns beyond d are zero. */
// @ts-ignore: decorator
@inline function decodeRow(job: Job, x: usize, to: usize): void {
  const bytes = ((job.cols + 3) >> 2) * 16;
  const all = width(job) * 4;
  let b: u32 = 0;
  for (; b < bytes; b += 16) v128.store(to + b, f32x4.sub(v128.load(x + b), v128.load(job.shift + b)));
  for (; b < all; b += 16) v128.store(to + b, f32x4.splat(0));
}

// @ts-ignore: decorator
@inline function lanes(a: v128, b: v128): f64 {
  const s = f32x4.add(a, b);
  return sum2(f64x2.add(f64x2.promote_low_f32x4(s), f64x2.promote_low_f32x4(v128.shuffle<i64>(s, s, 1, 1))));
}

/** z ← W x̃ + b, four classes at a time. */
function margins(job: Job, v: usize, z: usize): void {
  const wide = width(job) * 4;
  const k = job.classes;
  let w = job.weights;
  let c: u32 = 0;
  for (; c + 4 <= k; c += 4, w += 4 * wide) {
    const w1 = w + wide;
    const w2 = w1 + wide;
    const w3 = w2 + wide;
    let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
    let b0 = a0, b1 = a0, b2 = a0, b3 = a0;
    for (let j: u32 = 0; j < wide; j += 32) {
      const x0 = v128.load(v + j);
      const x1 = v128.load(v + j, 16);
      a0 = mulAdd<f32>(a0, x0, v128.load(w + j));
      b0 = mulAdd<f32>(b0, x1, v128.load(w + j, 16));
      a1 = mulAdd<f32>(a1, x0, v128.load(w1 + j));
      b1 = mulAdd<f32>(b1, x1, v128.load(w1 + j, 16));
      a2 = mulAdd<f32>(a2, x0, v128.load(w2 + j));
      b2 = mulAdd<f32>(b2, x1, v128.load(w2 + j, 16));
      a3 = mulAdd<f32>(a3, x0, v128.load(w3 + j));
      b3 = mulAdd<f32>(b3, x1, v128.load(w3 + j, 16));
    }
    store<f64>(z + c * 8, lanes(a0, b0) + load<f64>(job.bias + c * 8));
    store<f64>(z + c * 8 + 8, lanes(a1, b1) + load<f64>(job.bias + c * 8 + 8));
    store<f64>(z + c * 8 + 16, lanes(a2, b2) + load<f64>(job.bias + c * 8 + 16));
    store<f64>(z + c * 8 + 24, lanes(a3, b3) + load<f64>(job.bias + c * 8 + 24));
  }
  for (; c < k; c++, w += wide) {
    let a = f32x4.splat(0), b = a;
    for (let j: u32 = 0; j < wide; j += 32) {
      a = mulAdd<f32>(a, v128.load(v + j), v128.load(w + j));
      b = mulAdd<f32>(b, v128.load(v + j, 16), v128.load(w + j, 16));
    }
    store<f64>(z + c * 8, lanes(a, b) + load<f64>(job.bias + c * 8));
  }
  if (k & 1) store<f64>(z + k * 8, -Infinity);
}

/** e ← softmax(z); returns log Σ exp z. */
// @ts-ignore: decorator
@inline function softmax(job: Job, z: usize, e: usize): f64 {
  const bytes = paddedClasses(job) * 8;
  let tops = v128.load(z);
  for (let c: u32 = 16; c < bytes; c += 16) tops = f64x2.pmax(tops, v128.load(z + c));
  const top = max(f64x2.extract_lane(tops, 0), f64x2.extract_lane(tops, 1));
  let sums = f64x2.splat(0);
  for (let c: u32 = 0; c < bytes; c += 16) {
    const v = expNonPositive(f64x2.sub(v128.load(z + c), f64x2.splat(top)));
    sums = f64x2.add(sums, v);
    v128.store(e + c, v);
  }
  const sum = sum2(sums);
  const inverse = f64x2.splat(1.0 / sum);
  for (let c: u32 = 0; c < bytes; c += 16) v128.store(e + c, f64x2.mul(v128.load(e + c), inverse));
  return top + logPositive(sum);
}

/** δ ← p - y - R_row, rounded to float32 because the products take it so; returns the row's loss. p stays at e. */
function residual(job: Job, z: usize, e: usize, row: u32, delta: usize): f64 {
  const y = load<u32>(job.labels + row * 4);
  const logSum = softmax(job, z, e);
  const memory = job.residuals + row * job.classes * 8;
  for (let c: u32 = 0; c < job.classes; c++) {
    const r = load<f64>(e + c * 8) - (c == y ? 1.0 : 0.0);
    const d = r - load<f64>(memory + c * 8);
    store<f64>(delta + c * 8, abs(d) < NOTHING ? 0 : <f64>(<f32>d));
  }
  return logSum - load<f64>(z + y * 8);
}

function remember(job: Job, row: u32, delta: usize): void {
  const memory = job.residuals + row * job.classes * 8;
  for (let c: u32 = 0; c < job.classes; c++) {
    store<f64>(memory + c * 8, load<f64>(memory + c * 8) + load<f64>(delta + c * 8));
  }
  if (load<u8>(job.seen + row)) return;
  store<u8>(job.seen + row, 1);
  job.seenCount += 1;
}

/**
 * SAG's line search (section 4.5 of the paper): L doubles while f_i(θ - g/L) > f_i(θ) - ‖g‖²/(2L), and shrinks by
 * 2^(-1/n) a step. For a linear model the trial costs O(k): z moves by -r ‖x̃‖²/L. z is overwritten.
 */
function searchLipschitz(job: Job, v: usize, z: usize, p: usize, row: u32): void {
  const k = job.classes;
  const y = load<u32>(job.labels + row * 4);
  let square: f64 = 1; // the bias's input
  for (let j: u32 = 0; j < job.cols; j++) {
    const xj = <f64>load<f32>(v + j * 4);
    square += xj * xj * load<f64>(job.columnRate + j * 8);
  }
  let norm: f64 = 0;
  for (let c: u32 = 0; c < k; c++) {
    const r = load<f64>(p + c * 8) - (c == y ? 1.0 : 0.0);
    store<f64>(p + c * 8, r);
    norm += r * r;
  }
  norm *= square;
  const loss = logSumExp(k, z, p, 0) - load<f64>(z + y * 8);
  job.lipschitz *= job.shrink;
  if (!(norm > 1e-8)) return;
  for (let tries = 0; tries < 100; tries++) {
    const t = -square / job.lipschitz;
    const moved = logSumExp(k, z, p, t) - (load<f64>(z + y * 8) + t * load<f64>(p + y * 8));
    if (!(moved > loss - norm / (2 * job.lipschitz))) return;
    job.lipschitz *= 2;
  }
}

/** log Σ exp(z + t r). */
function logSumExp(k: u32, z: usize, r: usize, t: f64): f64 {
  let top: f64 = -Infinity;
  for (let c: u32 = 0; c < k; c++) top = max(top, load<f64>(z + c * 8) + t * load<f64>(r + c * 8));
  let sum: f64 = 0;
  for (let c: u32 = 0; c < k; c++) {
    const v = load<f64>(z + c * 8) + t * load<f64>(r + c * 8) - top;
    sum += f64x2.extract_lane(expNonPositive(f64x2.splat(v)), 0);
  }
  return top + logPositive(sum);
}

/** W and G by one step; `own` and `past` are η a and η g. */
function update(job: Job, rows: usize, deltas: usize, size: u32, own: f64, past: f64): void {
  const keeps = job.method != SVRG;
  for (let c: u32 = 0; c < job.classes; c++) {
    if (keeps) moveKeeping(job, c, rows, deltas + c * 8, size, own, past);
    else moveReading(job, c, rows, deltas + c * 8, size, own, past);
    let s: f64 = 0;
    for (let i: u32 = 0; i < size; i++) s += load<f64>(deltas + (i * paddedClasses(job) + c) * 8);
    const g = job.gradientBias + c * 8;
    const b = job.bias + c * 8;
    store<f64>(b, load<f64>(b) - (own * s + past * load<f64>(g)));
    if (keeps) store<f64>(g, load<f64>(g) + s);
  }
}

function moveKeeping(job: Job, c: u32, rows: usize, deltas: usize, size: u32, own: f64, past: f64): void {
  move(true, job, c, rows, deltas, size, own, past);
}

function moveReading(job: Job, c: u32, rows: usize, deltas: usize, size: u32, own: f64, past: f64): void {
  move(false, job, c, rows, deltas, size, own, past);
}

/** W_c, its float32 copy, and G_c if it `keeps` what it saw. */
// @ts-ignore: decorator
@inline function move(keeps: bool, job: Job, c: u32, rows: usize, deltas: usize, size: u32, own: f64, past: f64): void {
  const columns = width(job);
  const wide = columns * 4;
  const zs = paddedClasses(job) * 8;
  const theta = job.theta + c * columns * 8;
  const sums = job.square + c * columns * 8;
  const copy = job.weights + c * wide;
  const delta = f32x4.splat(<f32>load<f64>(deltas));
  const a = f64x2.splat(own);
  const g = f64x2.splat(past);
  const one = f64x2.splat(1.0);
  const rate = f64x2.splat(job.rate);
  for (let j: u32 = 0; j < wide; j += 16) {
    let s = f32x4.mul(delta, v128.load(rows + j));
    for (let i: u32 = 1; i < size; i++) {
      const d = f32x4.splat(<f32>load<f64>(deltas + i * zs));
      s = mulAdd<f32>(s, d, v128.load(rows + i * wide + j));
    }
    const at = 2 * j;
    const low = f64x2.promote_low_f32x4(s);
    const high = f64x2.promote_low_f32x4(v128.shuffle<i64>(s, s, 1, 1));
    const g0 = v128.load(sums + at);
    const g1 = v128.load(sums + at, 16);
    const d0 = f64x2.add(f64x2.mul(a, low), f64x2.mul(g, g0));
    const d1 = f64x2.add(f64x2.mul(a, high), f64x2.mul(g, g1));
    if (keeps) {
      v128.store(sums + at, f64x2.add(g0, low));
      v128.store(sums + at, f64x2.add(g1, high), 16);
    }
    const r0 = f64x2.mul(v128.load(job.columnRate + at), d0);
    const r1 = f64x2.mul(v128.load(job.columnRate + at, 16), d1);
    const k0 = f64x2.sub(one, f64x2.mul(rate, v128.load(job.penalty + at)));
    const k1 = f64x2.sub(one, f64x2.mul(rate, v128.load(job.penalty + at, 16)));
    const w0 = f64x2.sub(f64x2.mul(k0, v128.load(theta + at)), r0);
    const w1 = f64x2.sub(f64x2.mul(k1, v128.load(theta + at, 16)), r1);
    v128.store(theta + at, w0);
    v128.store(theta + at, w1, 16);
    v128.store64_lane(copy + j, f32x4.demote_f64x2_zero(w0), 0);
    v128.store64_lane(copy + j, f32x4.demote_f64x2_zero(w1), 0, 8);
  }
}
