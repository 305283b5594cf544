/** @file The forward product: margins of a strip's rows. */
import { Job } from "./job";
import { clearPadding, decode, PANEL, panelCount, rowAt, usedBytes, wholeRows } from "./strips";
import { mulAdd, One, size, Three, Two } from "./tiles";

/** Both lanes' or all four lanes' sum, in float64. */
// @ts-ignore: decorator
@inline export function sumLanes<T>(v: v128): f64 {
  if (sizeof<T>() == 8) return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
  const s = f64x2.add(f64x2.promote_low_f32x4(v), f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 1)));
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}

// @ts-ignore: decorator
@inline function accumulate<T, N>(z: usize, a: v128, b: v128, c: v128): void {
  store<f64>(z, load<f64>(z) + sumLanes<T>(a));
  if (size<N>() > 1) store<f64>(z + 8, load<f64>(z + 8) + sumLanes<T>(b));
  if (size<N>() > 2) store<f64>(z + 16, load<f64>(z + 16) + sumLanes<T>(c));
}

/**
 * Z[3 rows, nc classes] += `bytes` of three rows, `stride` bytes apart, times nc classes of packed weights; with Two for D, to ←
 * from - c meanwhile, as many bytes in float32.
 */
// @ts-ignore: decorator
@inline export function forwardTile<T, N, D>(x: usize, stride: u32, bytes: u32, w: usize, z: usize, zs: u32, from: usize = 0, c: usize = 0, to: usize = 0): void {
  const zero = v128.splat<T>(0);
  let a00 = zero, a01 = zero, a02 = zero;
  let a10 = zero, a11 = zero, a12 = zero;
  let a20 = zero, a21 = zero, a22 = zero;
  const y = x + stride;
  const u = y + stride;
  for (let at: u32 = 0; at < bytes; at += 16, w += 16 * size<N>()) {
    if (size<D>() > 1) v128.store(to + at, f32x4.sub(v128.load(from + at), v128.load(c + at)));
    const x0 = v128.load(x + at);
    const x1 = v128.load(y + at);
    const x2 = v128.load(u + at);
    let wc = v128.load(w);
    a00 = mulAdd<T>(a00, x0, wc);
    a10 = mulAdd<T>(a10, x1, wc);
    a20 = mulAdd<T>(a20, x2, wc);
    if (size<N>() > 1) {
      wc = v128.load(w, 16);
      a01 = mulAdd<T>(a01, x0, wc);
      a11 = mulAdd<T>(a11, x1, wc);
      a21 = mulAdd<T>(a21, x2, wc);
    }
    if (size<N>() > 2) {
      wc = v128.load(w, 32);
      a02 = mulAdd<T>(a02, x0, wc);
      a12 = mulAdd<T>(a12, x1, wc);
      a22 = mulAdd<T>(a22, x2, wc);
    }
  }
  accumulate<T, N>(z, a00, a01, a02);
  accumulate<T, N>(z + zs, a10, a11, a12);
  accumulate<T, N>(z + 2 * zs, a20, a21, a22);
}

/** The same while decoding: rows of X at x0, x1, x2 less the shift at c, stored from `to` on. */
// @ts-ignore: decorator
@inline function decodeTile<N>(x0: usize, x1: usize, x2: usize, c: usize, bytes: u32, to: usize, stride: u32, w: usize, z: usize, zs: u32): void {
  const zero = f32x4.splat(0);
  let a00 = zero, a01 = zero, a02 = zero;
  let a10 = zero, a11 = zero, a12 = zero;
  let a20 = zero, a21 = zero, a22 = zero;
  const to1 = to + stride;
  const to2 = to1 + stride;
  for (let at: u32 = 0; at < bytes; at += 16, w += 16 * size<N>()) {
    const shift = v128.load(c + at);
    const w0 = v128.load(w);
    const w1 = size<N>() > 1 ? v128.load(w, 16) : zero;
    const w2 = size<N>() > 2 ? v128.load(w, 32) : zero;
    let v = f32x4.sub(v128.load(x0 + at), shift);
    v128.store(to + at, v);
    a00 = mulAdd<f32>(a00, v, w0);
    if (size<N>() > 1) a01 = mulAdd<f32>(a01, v, w1);
    if (size<N>() > 2) a02 = mulAdd<f32>(a02, v, w2);
    v = f32x4.sub(v128.load(x1 + at), shift);
    v128.store(to1 + at, v);
    a10 = mulAdd<f32>(a10, v, w0);
    if (size<N>() > 1) a11 = mulAdd<f32>(a11, v, w1);
    if (size<N>() > 2) a12 = mulAdd<f32>(a12, v, w2);
    v = f32x4.sub(v128.load(x2 + at), shift);
    v128.store(to2 + at, v);
    a20 = mulAdd<f32>(a20, v, w0);
    if (size<N>() > 1) a21 = mulAdd<f32>(a21, v, w1);
    if (size<N>() > 2) a22 = mulAdd<f32>(a22, v, w2);
  }
  accumulate<f32, N>(z, a00, a01, a02);
  accumulate<f32, N>(z + zs, a10, a11, a12);
  accumulate<f32, N>(z + 2 * zs, a20, a21, a22);
}

function decodeRows<N>(job: Job, x: usize, index: usize, rows: u32, p: u32, count: u32, to: usize, stride: u32, z: usize, zs: u32): void {
  const from = x + p * PANEL;
  const bytes = usedBytes(job, p, count);
  const c = job.shift + p * PANEL;
  const w = job.weights + p * PANEL * size<N>();
  const last = rows - 1;
  for (let i: u32 = 0; i < rows; i += 3) {
    // Rows that fill up the last three repeat the block's last row; nothing reads what comes of them.
    const x0 = rowAt(job, from, index, i);
    const x1 = rowAt(job, from, index, min(i + 1, last));
    const x2 = rowAt(job, from, index, min(i + 2, last));
    const at = to + i * stride;
    decodeTile<N>(x0, x1, x2, c, bytes, at, stride, w, z + i * zs, zs);
    clearPadding(at, stride, bytes, count);
  }
}

/**
 * Strip ← x - c as `decode` does, and Z += its product with the packed weights. Whole rows are decoded first: they are
 * one stream through memory, and three at a time come at half the speed. Parts of rows are not, and there the first class
 * group multiplies while it decodes, which saves a traversal of the cache.
 */
export function decodeForward(job: Job, x: usize, index: usize, rows: u32, p: u32, count: u32, strip: usize, stride: u32, z: usize, zs: u32): void {
  const live = job.live;
  if (job.outside || wholeRows<f32>(job)) {
    decode(job, x, index, rows, p, count, strip, stride);
    forwardGroups<f32>(job, 0, strip, stride, rows, p, count, z, zs);
    return;
  }
  if (live > 2) decodeRows<Three>(job, x, index, rows, p, count, strip, stride, z, zs);
  else if (live == 2) decodeRows<Two>(job, x, index, rows, p, count, strip, stride, z, zs);
  else decodeRows<One>(job, x, index, rows, p, count, strip, stride, z, zs);
  if (live > 3) forwardGroups<f32>(job, 3, strip, stride, rows, p, count, z, zs);
}

function forwardRows<T, N>(x: usize, stride: u32, bytes: u32, w: usize, z: usize, zs: u32, rows: u32): void {
  for (let i: u32 = 0; i < rows; i += 3) forwardTile<T, N, One>(x + i * stride, stride, bytes, w, z + i * zs, zs);
}

/** Z[rows, c..live-1] (stride zs bytes) += the strip, panels p .. p+count-1, times the packed weights from class c on. */
export function forwardGroups<T>(job: Job, c: u32, strip: usize, stride: u32, rows: u32, p: u32, count: u32, z: usize, zs: u32): void {
  const panels = panelCount<T>(job.cols);
  const live = job.live;
  const bytes = count * PANEL;
  let w = job.weights + c * panels * PANEL;
  for (; c + 3 <= live; c += 3, w += panels * 3 * PANEL) {
    forwardRows<T, Three>(strip, stride, bytes, w + p * 3 * PANEL, z + c * 8, zs, rows);
  }
  if (live - c == 2) forwardRows<T, Two>(strip, stride, bytes, w + p * 2 * PANEL, z + c * 8, zs, rows);
  else if (live - c == 1) forwardRows<T, One>(strip, stride, bytes, w + p * PANEL, z + c * 8, zs, rows);
}
