/**
 * @file The products with one class's weights, all that two classes need. There reading is all the work, so nothing is
 * packed: the rows are read where they lie, once for the margins and again, from the cache, for the gradient.
 * Sums run in the order of forward.ts and backward.ts: three rows' margins over a strip's columns, a column's gradient
 * over a block's rows, in float32.
 */
import { flush } from "./backward";
import { sumLanes } from "./forward";
import { Job } from "./job";
import { ask, PANEL, rowAt, usedBytes } from "./strips";
import { mulAdd } from "./tiles";

/** Rows whose products a column's sum takes in one visit. */
const ROWS: u32 = 6;

/** Z[3 rows] += (x - c) w over `bytes` of the rows at x0, x1, x2; two vectors at a time, to move fewer addresses. */
// @ts-ignore: decorator
@inline function marginsOfThree(x0: usize, x1: usize, x2: usize, c: usize, bytes: u32, w: usize, z: usize, zs: u32): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  const end = w + bytes;
  for (const whole = w + (bytes & ~31); w < whole; w += 32, c += 32, x0 += 32, x1 += 32, x2 += 32) {
    let k = v128.load(w);
    let s = v128.load(c);
    a0 = mulAdd<f32>(a0, f32x4.sub(v128.load(x0), s), k);
    a1 = mulAdd<f32>(a1, f32x4.sub(v128.load(x1), s), k);
    a2 = mulAdd<f32>(a2, f32x4.sub(v128.load(x2), s), k);
    k = v128.load(w, 16);
    s = v128.load(c, 16);
    a0 = mulAdd<f32>(a0, f32x4.sub(v128.load(x0, 16), s), k);
    a1 = mulAdd<f32>(a1, f32x4.sub(v128.load(x1, 16), s), k);
    a2 = mulAdd<f32>(a2, f32x4.sub(v128.load(x2, 16), s), k);
  }
  for (; w < end; w += 16, c += 16, x0 += 16, x1 += 16, x2 += 16) {
    const k = v128.load(w);
    const s = v128.load(c);
    a0 = mulAdd<f32>(a0, f32x4.sub(v128.load(x0), s), k);
    a1 = mulAdd<f32>(a1, f32x4.sub(v128.load(x1), s), k);
    a2 = mulAdd<f32>(a2, f32x4.sub(v128.load(x2), s), k);
  }
  store<f64>(z, load<f64>(z) + sumLanes<f32>(a0));
  store<f64>(z + zs, load<f64>(z + zs) + sumLanes<f32>(a1));
  store<f64>(z + 2 * zs, load<f64>(z + 2 * zs) + sumLanes<f32>(a2));
}

/** Z[rows] (stride zs bytes) += (x - c) w over panels p .. p+count-1. */
export function forwardOne(job: Job, x: usize, index: usize, rows: u32, p: u32, count: u32, z: usize, zs: u32): void {
  const from = x + p * PANEL;
  const bytes = usedBytes(job, p, count);
  const last = rows - 1;
  ask(job, from, index, rows, bytes);
  for (let i: u32 = 0; i < rows; i += 3) {
    // Rows that fill up the last three repeat the block's last row; nothing reads what comes of them.
    const x0 = rowAt(job, from, index, i);
    const x1 = rowAt(job, from, index, min(i + 1, last));
    const x2 = rowAt(job, from, index, min(i + 2, last));
    marginsOfThree(x0, x1, x2, job.shift + p * PANEL, bytes, job.weights + p * PANEL, z + i * zs, zs);
  }
}

/** The residual of row i as it multiplies; nothing for rows that fill up. */
// @ts-ignore: decorator
@inline function residualOf(r: usize, rs: u32, i: u32, rows: u32): v128 {
  return f32x4.splat(i < rows ? load<f32>(r + i * rs) : 0);
}

/** tiles += (x - c)ᵀ r, panels p .. p+count-1; r [rows] rs bytes apart. `sums` has room for a strip's row. */
export function backwardOne(job: Job, x: usize, index: usize, rows: u32, p: u32, count: u32, r: usize, rs: u32, sums: usize, tiles: usize): void {
  const from = x + p * PANEL;
  const bytes = usedBytes(job, p, count);
  const last = rows - 1;
  memory.fill(sums, 0, bytes);
  for (let i: u32 = 0; i < rows; i += ROWS) {
    let x0 = rowAt(job, from, index, i);
    let x1 = rowAt(job, from, index, min(i + 1, last));
    let x2 = rowAt(job, from, index, min(i + 2, last));
    let x3 = rowAt(job, from, index, min(i + 3, last));
    let x4 = rowAt(job, from, index, min(i + 4, last));
    let x5 = rowAt(job, from, index, min(i + 5, last));
    const r0 = residualOf(r, rs, i, rows);
    const r1 = residualOf(r, rs, i + 1, rows);
    const r2 = residualOf(r, rs, i + 2, rows);
    const r3 = residualOf(r, rs, i + 3, rows);
    const r4 = residualOf(r, rs, i + 4, rows);
    const r5 = residualOf(r, rs, i + 5, rows);
    let c = job.shift + p * PANEL;
    let g = sums;
    for (const end = sums + bytes; g < end; g += 16, c += 16, x0 += 16, x1 += 16, x2 += 16, x3 += 16, x4 += 16, x5 += 16) {
      const s = v128.load(c);
      let a = v128.load(g);
      a = mulAdd<f32>(a, f32x4.sub(v128.load(x0), s), r0);
      a = mulAdd<f32>(a, f32x4.sub(v128.load(x1), s), r1);
      a = mulAdd<f32>(a, f32x4.sub(v128.load(x2), s), r2);
      a = mulAdd<f32>(a, f32x4.sub(v128.load(x3), s), r3);
      a = mulAdd<f32>(a, f32x4.sub(v128.load(x4), s), r4);
      a = mulAdd<f32>(a, f32x4.sub(v128.load(x5), s), r5);
      v128.store(g, a);
    }
  }
  let out = tiles + p * PANEL * 2;
  for (let b: u32 = 0; b < bytes; b += 16, out += 32) flush<f32>(out, v128.load(sums + b));
}
