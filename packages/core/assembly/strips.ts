/**
 * @file Strips: the packed form of a block of rows. Columns are cut into panels of three vectors (12 float32 or 6
 * float64 columns), panels into strips of up to 84. One strip at a time lies in a thread's scratch, row by row, as
 * x - c, padded with zeros to whole panels; it stays in the second cache until every product has read it. Rows are an
 * odd number of cache lines apart, so that a panel's rows do not fall into the same few sets.
 */
import { Job, paddedClasses } from "./job";

/** Bytes of one row of one panel: three vectors. */
export const PANEL: u32 = 48;
/** Panels of a strip: 4032 bytes of each row, 63 lines. */
export const STRIP: u32 = 84;

/** Columns of a panel. */
// @ts-ignore: decorator
@inline export function panelCols<T>(): u32 {
  return PANEL / sizeof<T>();
}

// @ts-ignore: decorator
@inline export function panelCount<T>(cols: u32): u32 {
  return (cols + panelCols<T>() - 1) / panelCols<T>();
}

/** Bytes from row to row of `panels` panels. */
// @ts-ignore: decorator
@inline export function rowStride(panels: u32): u32 {
  return (((panels * PANEL + 63) >> 6) | 1) << 6;
}

// @ts-ignore: decorator
@inline export function stripStride<T>(job: Job): u32 {
  return rowStride(min(STRIP, panelCount<T>(job.cols)));
}

/** Where a thread's scratch has the strip that begins at panel p, of a block whose strips are all kept. */
// @ts-ignore: decorator
@inline export function stripAt(job: Job, scratch: usize, p: u32): usize {
  return scratch + (p / STRIP) * job.blockRows * stripStride<f32>(job);
}

/** Strips that the scratch has room for. In float32 all of a block's: what is decoded forward is read again backward. */
// @ts-ignore: decorator
@inline function stripCount<T>(job: Job): u32 {
  return sizeof<T>() == 4 ? lastStrip<T>(job) / STRIP + 1 : 1;
}

/** Margins, residuals and exponentials of a block follow the strips in a thread's scratch, each [rows, ZP] float64. */
export function blockMargins<T>(job: Job, scratch: usize): usize {
  return scratch + stripCount<T>(job) * job.blockRows * stripStride<T>(job);
}

export function blockResiduals<T>(job: Job, scratch: usize): usize {
  return blockMargins<T>(job, scratch) + (job.blockRows + 3) * paddedClasses(job) * 8;
}

export function blockExponentials<T>(job: Job, scratch: usize): usize {
  return blockResiduals<T>(job, scratch) + (job.blockRows + 3) * paddedClasses(job) * 8;
}

/** Room for one more strip of whole rows (whole.ts). */
export function secondStrip(job: Job, scratch: usize): usize {
  return (blockExponentials<f32>(job, scratch) + (job.blockRows + 3) * paddedClasses(job) * 8 + 63) & ~63;
}

/** Bytes from row to row of a block's margins: of one difference for two classes. */
// @ts-ignore: decorator
@inline export function marginBytes(job: Job): u32 {
  return job.classes == 2 ? 8 : paddedClasses(job) * 8;
}

/** Scratch bytes that a thread needs for the job's shape, in the wider precision; for gram, whole rows twice. */
export function scratchBytes(job: Job, forGram: bool): u32 {
  if (forGram) return 2 * job.blockRows * rowStride(panelCount<f32>(job.cols)) + 64;
  const second = wholeRows<f32>(job) ? <u32>secondStrip(job, 0) + job.blockRows * stripStride<f32>(job) : 0;
  const exponentials = max(<u32>blockExponentials<f32>(job, 0), <u32>blockExponentials<f64>(job, 0));
  return max(exponentials + (job.blockRows + 3) * paddedClasses(job) * 8, second) + 64;
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

/** First byte of row i of the block whose first row is at x, or of the i-th row that `index` names. */
// @ts-ignore: decorator
@inline export function rowAt(job: Job, x: usize, index: usize, i: u32): usize {
  return x + (index ? load<u32>(index + i * 4) : i) * job.stride;
}

/** Bytes of x in panels p .. p+count-1, whole vectors. */
// @ts-ignore: decorator
@inline export function usedBytes(job: Job, p: u32, count: u32): u32 {
  return min(count * PANEL, ((job.cols + 3) >> 2) * 16 - p * PANEL);
}

/**
 * Brings rows nearer before products read them: loads a word of every cache line and drops it. Nothing waits for these
 * loads, so as many are under way as the processor can have, where products would wait for a few at a time. (They are not
 * optimised away, since a load may trap.)
 */
// @ts-ignore: decorator
@inline export function ask(job: Job, from: usize, index: usize, rows: u32, bytes: u32): void {
  for (let i: u32 = 0; i < rows; i++) {
    const row = rowAt(job, from, index, i);
    for (let b: u32 = 0; b < bytes; b += 64) load<u32>(row + b);
  }
}

/** Whether one strip holds whole rows. */
// @ts-ignore: decorator
@inline export function wholeRows<T>(job: Job): bool {
  return job.cols <= STRIP * panelCols<T>();
}

/** Zeroes what follows the used bytes of three rows in their last panel. */
// @ts-ignore: decorator
@inline export function clearPadding(to: usize, stride: u32, bytes: u32, count: u32): void {
  for (let b: u32 = bytes; b < count * PANEL; b += 16) {
    v128.store(to + b, f32x4.splat(0));
    v128.store(to + stride + b, f32x4.splat(0));
    v128.store(to + 2 * stride + b, f32x4.splat(0));
  }
}

/** to ← `bytes` of rows from byte `at` on, less c where `shift` is not 0: rows x, x + 1 … or those that `index` names. */
// @ts-ignore: decorator
@external("outside", "decode")
declare function decodeOutside(x: u32, index: usize, rows: u32, at: u32, bytes: u32, shift: usize, to: usize, stride: u32): void;

/**
 * to ← x - c in float32: panels p .. p+count-1, rows `stride` bytes apart. Whole rows are asked for and come one by one;
 * of parts of rows, each in pages of its own, three at a time, so that three times as many reads are under way.
 */
export function decode(job: Job, x: usize, index: usize, rows: u32, p: u32, count: u32, to: usize, stride: u32): void {
  const bytes = usedBytes(job, p, count);
  const shift = job.shift + p * PANEL;
  if (job.outside) {
    decodeOutside(<u32>x, index, rows, p * PANEL, bytes, shift, to, stride);
    for (let row: u32 = 0; row < rows && bytes < count * PANEL; row++) {
      for (let b: u32 = bytes; b < count * PANEL; b += 16) v128.store(to + row * stride + b, f32x4.splat(0));
    }
    return;
  }
  const from = x + p * PANEL;
  const whole = wholeRows<f32>(job);
  if (whole) ask(job, from, index, rows, bytes);
  let i: u32 = 0;
  for (; !whole && i + 3 <= rows; i += 3, to += 3 * stride) {
    const x0 = rowAt(job, from, index, i);
    const x1 = rowAt(job, from, index, i + 1);
    const x2 = rowAt(job, from, index, i + 2);
    const to1 = to + stride;
    const to2 = to1 + stride;
    for (let b: u32 = 0; b < bytes; b += 16) {
      const c = v128.load(shift + b);
      v128.store(to + b, f32x4.sub(v128.load(x0 + b), c));
      v128.store(to1 + b, f32x4.sub(v128.load(x1 + b), c));
      v128.store(to2 + b, f32x4.sub(v128.load(x2 + b), c));
    }
    clearPadding(to, stride, bytes, count);
  }
  for (; i < rows; i++, to += stride) {
    const row = rowAt(job, from, index, i);
    for (let b: u32 = 0; b < bytes; b += 16) v128.store(to + b, f32x4.sub(v128.load(row + b), v128.load(shift + b)));
    for (let b: u32 = bytes; b < count * PANEL; b += 16) v128.store(to + b, f32x4.splat(0));
  }
}

/** Four numbers in float64. */
// @ts-ignore: decorator
@inline function widen(from: usize, to: usize): void {
  const v = v128.load(from);
  v128.store(to, f64x2.promote_low_f32x4(v));
  v128.store(to, f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 1)), 16);
}

/** to ← x in float64, no shift, padded with zeros: rows one by one or three at a time as in `decode`. */
export function decodeExact(job: Job, x: usize, rows: u32, p: u32, count: u32, to: usize, stride: u32): void {
  const bytes = min(count * PANEL, ((job.cols + 3) >> 2) * 32 - p * PANEL);
  if (job.outside) {
    // The numbers come to the end of their row, and are widened from the front.
    const raw = ((bytes >> 1) + 15) & ~15;
    decodeOutside(<u32>x, 0, rows, (p * PANEL) >> 1, raw, 0, to + stride - raw, stride);
    for (let i: u32 = 0; i < rows; i++) {
      const at = to + i * stride;
      for (let b: u32 = 0; b + 32 <= bytes; b += 32) widen(at + stride - raw + (b >> 1), at + b);
      finishRow(at + stride - raw, bytes, count, at);
    }
    return;
  }
  const from = x + ((p * PANEL) >> 1);
  const whole = wholeRows<f64>(job);
  let i: u32 = 0;
  for (; !whole && i + 3 <= rows; i += 3) {
    const x0 = from + i * job.stride;
    const x1 = x0 + job.stride;
    const x2 = x1 + job.stride;
    const at = to + i * stride;
    for (let b: u32 = 0; b + 32 <= bytes; b += 32) {
      widen(x0 + (b >> 1), at + b);
      widen(x1 + (b >> 1), at + stride + b);
      widen(x2 + (b >> 1), at + 2 * stride + b);
    }
    finishRow(x0, bytes, count, at);
    finishRow(x1, bytes, count, at + stride);
    finishRow(x2, bytes, count, at + 2 * stride);
  }
  for (; i < rows; i++) {
    const row = from + i * job.stride;
    const at = to + i * stride;
    for (let b: u32 = 0; b + 32 <= bytes; b += 32) widen(row + (b >> 1), at + b);
    finishRow(row, bytes, count, at);
  }
}

/** What comes after a row's last whole four numbers. */
// @ts-ignore: decorator
@inline function finishRow(x: usize, bytes: u32, count: u32, to: usize): void {
  for (let b = bytes & ~31; b < bytes; b += 16) v128.store(to + b, f64x2.promote_low_f32x4(v128.load64_zero(x + (b >> 1))));
  for (let b = bytes; b < count * PANEL; b += 16) v128.store(to + b, f64x2.splat(0));
}
