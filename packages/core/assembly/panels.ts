/**
 * @file Panels: the packed form of a block of rows. Columns are cut into panels of three vectors (12 float32 or
 * 6 float64 columns); a panel holds its 48 bytes of every row of the block, one row after the other:
 *
 *   panel 0: row 0 | row 1 | …    panel 1: row 0 | row 1 | …
 *
 * So the backward product streams one panel from first to last byte, and the forward product steps from panel to
 * panel. Rows are padded with zero rows to a multiple of 3, columns with zeros to whole panels.
 */
import { Job, paddedClasses } from "./job";

/** Bytes of one row in one panel: three vectors. */
export const PANEL_ROW: u32 = 48;

/** Columns of a panel. */
// @ts-ignore: decorator
@inline export function panelCols<T>(): u32 {
  return PANEL_ROW / sizeof<T>();
}

// @ts-ignore: decorator
@inline export function panelCount<T>(cols: u32): u32 {
  return (cols + panelCols<T>() - 1) / panelCols<T>();
}

/** Bytes from one panel to the next; the extra line keeps panels out of each other's cache sets. */
// @ts-ignore: decorator
@inline export function panelStride(job: Job): u32 {
  return job.blockRows * PANEL_ROW + 64;
}

/** Margins and residuals of a block, and a few rows of working space, follow the panels in a thread's scratch. */
export function blockMargins<T>(job: Job, scratch: usize): usize {
  return scratch + panelCount<T>(job.cols) * panelStride(job);
}

export function blockResiduals<T>(job: Job, scratch: usize): usize {
  return blockMargins<T>(job, scratch) + (job.blockRows + 3) * paddedClasses(job) * 8;
}

export function blockRowSpace<T>(job: Job, scratch: usize): usize {
  return blockResiduals<T>(job, scratch) + (job.blockRows + 3) * paddedClasses(job) * 8;
}

/** Scratch bytes that a thread needs for the job's shape, in the wider of the two precisions, twice the panels for gram. */
export function scratchBytes(job: Job, forGram: bool): u32 {
  if (forGram) return 2 * panelCount<f32>(job.cols) * panelStride(job) + 64;
  return <u32>blockRowSpace<f64>(job, 0) + 4 * paddedClasses(job) * 8 + 64;
}

/** First byte of row i of the block whose first row is at x. */
// @ts-ignore: decorator
@inline function rowAt(job: Job, x: usize, index: usize, i: u32): usize {
  return x + (index ? load<u32>(index + i * 4) : i) * job.stride;
}

/** Panels ← x - c in float32, for `rows` rows from x on, or for those that `index` names. */
export function decode(job: Job, x: usize, index: usize, rows: u32, panels: usize): void {
  const ps = panelStride(job);
  const vectors = (job.cols + 3) >> 2;
  const whole = vectors / 3;
  const rest = vectors % 3;
  const shift = job.shift;
  for (let i: u32 = 0; i < rows; i++) {
    let from = rowAt(job, x, index, i);
    let to = panels + i * PANEL_ROW;
    let c = shift;
    for (const end = to + whole * ps; to < end; to += ps, from += 48, c += 48) {
      v128.store(to, f32x4.sub(v128.load(from), v128.load(c)));
      v128.store(to, f32x4.sub(v128.load(from, 16), v128.load(c, 16)), 16);
      v128.store(to, f32x4.sub(v128.load(from, 32), v128.load(c, 32)), 32);
    }
    if (rest) {
      v128.store(to, f32x4.sub(v128.load(from), v128.load(c)));
      v128.store(to, rest > 1 ? f32x4.sub(v128.load(from, 16), v128.load(c, 16)) : f32x4.splat(0), 16);
      v128.store(to, f32x4.splat(0), 32);
    }
  }
  clearRows(panels, rows, panelCount<f32>(job.cols), ps);
}

/** Panels ← x in float64, no shift. */
export function decodeExact(job: Job, x: usize, rows: u32, panels: usize): void {
  const ps = panelStride(job);
  const pairs = (job.cols + 1) >> 1;
  const count = panelCount<f64>(job.cols);
  for (let i: u32 = 0; i < rows; i++) {
    let from = x + i * job.stride;
    let left: i32 = pairs;
    let to = panels + i * PANEL_ROW;
    for (let p: u32 = 0; p < count; p++, to += ps, from += 24, left -= 3) {
      v128.store(to, f64x2.promote_low_f32x4(v128.load64_zero(from)));
      v128.store(to, left > 1 ? f64x2.promote_low_f32x4(v128.load64_zero(from, 8)) : f64x2.splat(0), 16);
      v128.store(to, left > 2 ? f64x2.promote_low_f32x4(v128.load64_zero(from, 16)) : f64x2.splat(0), 32);
    }
  }
  clearRows(panels, rows, count, ps);
}

/** Zeroes the rows that pad a block to a multiple of 3. */
function clearRows(panels: usize, rows: u32, count: u32, ps: u32): void {
  const bytes = ((3 - (rows % 3)) % 3) * PANEL_ROW;
  if (!bytes) return;
  for (let p: u32 = 0; p < count; p++) memory.fill(panels + p * ps + rows * PANEL_ROW, 0, bytes);
}
