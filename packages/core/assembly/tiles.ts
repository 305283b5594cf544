/**
 * @file The register tiles under everything, in float32 (T = f32) and float64 (T = f64): three rows or three vectors
 * by up to three classes, nine accumulators at most, so that nothing spills from sixteen registers.
 *
 * Weights are packed class group by class group (three classes, the last group fewer), within a group vector by
 * vector, class by class. Gradients are float64 tiles: group by group, panel by panel, class by class.
 */
import { Job } from "./job";
import { clearPadding, PANEL, panelCols, panelCount, rowAt, STRIP, usedBytes } from "./strips";

/** The number of classes that a tile handles, as a type, so that each number has code of its own. */
@unmanaged class One { a: u8; }
@unmanaged class Two { a: u8; b: u8; }
@unmanaged export class Three { a: u8; b: u8; c: u8; }

// @ts-ignore: decorator
@inline function size<N>(): u32 {
  return <u32>offsetof<N>();
}

/** Both lanes' or all four lanes' sum, in float64. */
// @ts-ignore: decorator
@inline function sumLanes<T>(v: v128): f64 {
  if (sizeof<T>() == 8) return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
  const s = f64x2.add(f64x2.promote_low_f32x4(v), f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 1)));
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}

// @ts-ignore: decorator
@inline function mulAdd<T>(sum: v128, a: v128, b: v128): v128 {
  return v128.add<T>(sum, v128.mul<T>(a, b));
}

// @ts-ignore: decorator
@inline function accumulate<T, N>(z: usize, a: v128, b: v128, c: v128): void {
  store<f64>(z, load<f64>(z) + sumLanes<T>(a));
  if (size<N>() > 1) store<f64>(z + 8, load<f64>(z + 8) + sumLanes<T>(b));
  if (size<N>() > 2) store<f64>(z + 16, load<f64>(z + 16) + sumLanes<T>(c));
}

/** Z[3 rows, nc classes] += `bytes` of three rows, `stride` bytes apart, times nc classes of packed weights. */
// @ts-ignore: decorator
@inline function forwardTile<T, N>(x: usize, stride: u32, bytes: u32, w: usize, z: usize, zs: u32): void {
  const zero = v128.splat<T>(0);
  let a00 = zero, a01 = zero, a02 = zero;
  let a10 = zero, a11 = zero, a12 = zero;
  let a20 = zero, a21 = zero, a22 = zero;
  const y = x + stride;
  const u = y + stride;
  for (let at: u32 = 0; at < bytes; at += 16, w += 16 * size<N>()) {
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

/**
 * The same while decoding: rows of X at x0, x1, x2 less the shift at c, stored from `to` on. The sums of different
 * vectors of a row are kept apart only as far as registers allow.
 */
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

/** decodeTile for one class. There reading is all the work: a line at a time, with as few addresses as can be. */
// @ts-ignore: decorator
@inline function decodeTile1(x0: usize, x1: usize, x2: usize, c: usize, bytes: u32, to: usize, stride: u32, w: usize, z: usize, zs: u32): void {
  const zero = f32x4.splat(0);
  let a0 = zero, a1 = zero, a2 = zero;
  let to1 = to + stride;
  let to2 = to1 + stride;
  const end = w + bytes;
  for (const whole = w + (bytes & ~63); w < whole; ) {
    let k = v128.load(w);
    let s = v128.load(c);
    let v = f32x4.sub(v128.load(x0), s);
    v128.store(to, v);
    a0 = mulAdd<f32>(a0, v, k);
    v = f32x4.sub(v128.load(x1), s);
    v128.store(to1, v);
    a1 = mulAdd<f32>(a1, v, k);
    v = f32x4.sub(v128.load(x2), s);
    v128.store(to2, v);
    a2 = mulAdd<f32>(a2, v, k);
    k = v128.load(w, 16);
    s = v128.load(c, 16);
    v = f32x4.sub(v128.load(x0, 16), s);
    v128.store(to, v, 16);
    a0 = mulAdd<f32>(a0, v, k);
    v = f32x4.sub(v128.load(x1, 16), s);
    v128.store(to1, v, 16);
    a1 = mulAdd<f32>(a1, v, k);
    v = f32x4.sub(v128.load(x2, 16), s);
    v128.store(to2, v, 16);
    a2 = mulAdd<f32>(a2, v, k);
    k = v128.load(w, 32);
    s = v128.load(c, 32);
    v = f32x4.sub(v128.load(x0, 32), s);
    v128.store(to, v, 32);
    a0 = mulAdd<f32>(a0, v, k);
    v = f32x4.sub(v128.load(x1, 32), s);
    v128.store(to1, v, 32);
    a1 = mulAdd<f32>(a1, v, k);
    v = f32x4.sub(v128.load(x2, 32), s);
    v128.store(to2, v, 32);
    a2 = mulAdd<f32>(a2, v, k);
    k = v128.load(w, 48);
    s = v128.load(c, 48);
    v = f32x4.sub(v128.load(x0, 48), s);
    v128.store(to, v, 48);
    a0 = mulAdd<f32>(a0, v, k);
    v = f32x4.sub(v128.load(x1, 48), s);
    v128.store(to1, v, 48);
    a1 = mulAdd<f32>(a1, v, k);
    v = f32x4.sub(v128.load(x2, 48), s);
    v128.store(to2, v, 48);
    a2 = mulAdd<f32>(a2, v, k);
    w += 64;
    c += 64;
    x0 += 64;
    x1 += 64;
    x2 += 64;
    to += 64;
    to1 += 64;
    to2 += 64;
  }
  for (; w < end; w += 16, c += 16, x0 += 16, x1 += 16, x2 += 16, to += 16, to1 += 16, to2 += 16) {
    const k = v128.load(w);
    const s = v128.load(c);
    let v = f32x4.sub(v128.load(x0), s);
    v128.store(to, v);
    a0 = mulAdd<f32>(a0, v, k);
    v = f32x4.sub(v128.load(x1), s);
    v128.store(to1, v);
    a1 = mulAdd<f32>(a1, v, k);
    v = f32x4.sub(v128.load(x2), s);
    v128.store(to2, v);
    a2 = mulAdd<f32>(a2, v, k);
  }
  store<f64>(z, load<f64>(z) + sumLanes<f32>(a0));
  store<f64>(z + zs, load<f64>(z + zs) + sumLanes<f32>(a1));
  store<f64>(z + 2 * zs, load<f64>(z + 2 * zs) + sumLanes<f32>(a2));
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
    if (size<N>() == 1) decodeTile1(x0, x1, x2, c, bytes, at, stride, w, z + i * zs, zs);
    else decodeTile<N>(x0, x1, x2, c, bytes, at, stride, w, z + i * zs, zs);
    clearPadding(at, stride, bytes, count);
  }
}

/**
 * Strip ← x - c as `decode` does, and Z += its product with the packed weights in the same traversal of x: the first
 * class group multiplies while it decodes, the others follow from the cache.
 */
export function decodeForward(job: Job, x: usize, index: usize, rows: u32, p: u32, count: u32, strip: usize, stride: u32, z: usize, zs: u32): void {
  const live = job.live;
  if (live > 2) decodeRows<Three>(job, x, index, rows, p, count, strip, stride, z, zs);
  else if (live == 2) decodeRows<Two>(job, x, index, rows, p, count, strip, stride, z, zs);
  else decodeRows<One>(job, x, index, rows, p, count, strip, stride, z, zs);
  if (live > 3) forwardGroups<f32>(job, 3, strip, stride, rows, p, count, z, zs);
}

function forwardRows<T, N>(x: usize, stride: u32, bytes: u32, w: usize, z: usize, zs: u32, rows: u32): void {
  for (let i: u32 = 0; i < rows; i += 3) forwardTile<T, N>(x + i * stride, stride, bytes, w, z + i * zs, zs);
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

/** out (f64) += v. */
// @ts-ignore: decorator
@inline function flush<T>(out: usize, v: v128): void {
  if (sizeof<T>() == 8) {
    v128.store(out, f64x2.add(v128.load(out), v));
  } else {
    v128.store(out, f64x2.add(v128.load(out), f64x2.promote_low_f32x4(v)));
    v128.store(out, f64x2.add(v128.load(out, 16), f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 1))), 16);
  }
}

/** out[nc classes, one panel] += Σ over rows of residual times panel; rows of x and r are xs and rs bytes apart. */
export function backwardTile<T, N>(x: usize, xs: u32, r: usize, rs: u32, rows: u32, out: usize): void {
  const zero = v128.splat<T>(0);
  let a00 = zero, a01 = zero, a02 = zero;
  let a10 = zero, a11 = zero, a12 = zero;
  let a20 = zero, a21 = zero, a22 = zero;
  for (const end = x + rows * xs; x < end; x += xs, r += rs) {
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    const x2 = v128.load(x, 32);
    let rc = v128.load_splat<T>(r);
    a00 = mulAdd<T>(a00, x0, rc);
    a01 = mulAdd<T>(a01, x1, rc);
    a02 = mulAdd<T>(a02, x2, rc);
    if (size<N>() > 1) {
      rc = v128.load_splat<T>(r, sizeof<T>());
      a10 = mulAdd<T>(a10, x0, rc);
      a11 = mulAdd<T>(a11, x1, rc);
      a12 = mulAdd<T>(a12, x2, rc);
    }
    if (size<N>() > 2) {
      rc = v128.load_splat<T>(r, 2 * sizeof<T>());
      a20 = mulAdd<T>(a20, x0, rc);
      a21 = mulAdd<T>(a21, x1, rc);
      a22 = mulAdd<T>(a22, x2, rc);
    }
  }
  const vector = 128 / sizeof<T>(); // bytes of a flushed vector
  flush<T>(out, a00);
  flush<T>(out + vector, a01);
  flush<T>(out + 2 * vector, a02);
  if (size<N>() > 1) {
    flush<T>(out + 3 * vector, a10);
    flush<T>(out + 4 * vector, a11);
    flush<T>(out + 5 * vector, a12);
  }
  if (size<N>() > 2) {
    flush<T>(out + 6 * vector, a20);
    flush<T>(out + 7 * vector, a21);
    flush<T>(out + 8 * vector, a22);
  }
}

/** backwardTile for one class and two panels, which gives the sums of one class enough to overlap. */
function backwardPair<T>(x: usize, xs: u32, r: usize, rs: u32, rows: u32, out: usize): void {
  const zero = v128.splat<T>(0);
  let a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero;
  for (const end = x + rows * xs; x < end; x += xs, r += rs) {
    const rc = v128.load_splat<T>(r);
    a0 = mulAdd<T>(a0, v128.load(x), rc);
    a1 = mulAdd<T>(a1, v128.load(x, 16), rc);
    a2 = mulAdd<T>(a2, v128.load(x, 32), rc);
    a3 = mulAdd<T>(a3, v128.load(x, 48), rc);
    a4 = mulAdd<T>(a4, v128.load(x, 64), rc);
    a5 = mulAdd<T>(a5, v128.load(x, 80), rc);
  }
  const vector = 128 / sizeof<T>();
  flush<T>(out, a0);
  flush<T>(out + vector, a1);
  flush<T>(out + 2 * vector, a2);
  flush<T>(out + 3 * vector, a3);
  flush<T>(out + 4 * vector, a4);
  flush<T>(out + 5 * vector, a5);
}

/** tiles += stripᵀ R, panels p .. p+count-1; R [rows, live] with stride rs bytes. */
export function backwardStrip<T>(job: Job, strip: usize, stride: u32, rows: u32, p: u32, count: u32, r: usize, rs: u32, tiles: usize): void {
  const panels = panelCount<T>(job.cols);
  const live = job.live;
  const unit = panelCols<T>() * 8; // bytes of one class in one tile
  const end = p + count;
  if (live == 1) {
    for (; p + 1 < end; p += 2, strip += 2 * PANEL) backwardPair<T>(strip, stride, r, rs, rows, tiles + p * unit);
  }
  for (; p < end; p++, strip += PANEL) {
    let out = tiles;
    let c: u32 = 0;
    for (; c + 3 <= live; c += 3, out += panels * 3 * unit) {
      backwardTile<T, Three>(strip, stride, r + c * sizeof<T>(), rs, rows, out + p * 3 * unit);
    }
    if (live - c == 2) backwardTile<T, Two>(strip, stride, r + c * sizeof<T>(), rs, rows, out + p * 2 * unit);
    else if (live - c == 1) backwardTile<T, One>(strip, stride, r + c * sizeof<T>(), rs, rows, out + p * unit);
  }
}

/** Panels of the strip that begins at panel p. */
// @ts-ignore: decorator
@inline export function stripPanels<T>(job: Job, p: u32): u32 {
  return min(STRIP, panelCount<T>(job.cols) - p);
}

/** First panel of the last strip. */
// @ts-ignore: decorator
@inline export function lastStrip<T>(job: Job): u32 {
  return ((panelCount<T>(job.cols) - 1) / STRIP) * STRIP;
}
