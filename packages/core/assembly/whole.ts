/**
 * @file Loss and gradient of rows that follow one another in the shared memory and fit a strip: while a block is multiplied
 * forward, a tile at a time, the next block is decoded, a row with each tile. So memory is read during products, which
 * would else wait for it for a third of the time. The bits are those of `fused`.
 */
import { accBody } from "./accumulators";
import { backwardStrip } from "./backward";
import { passMargins } from "./blocks";
import { forwardTile } from "./forward";
import { Job, paddedClasses } from "./job";
import { residuals } from "./softmax";
import { blockExponentials, blockMargins, blockResiduals, decode, PANEL, panelCount, secondStrip, stripStride, usedBytes } from "./strips";
import { One, Three, Two } from "./tiles";

/** Z[rows, live] += the strip times the packed weights; `next` rows of X from `from` on are decoded to `to`. */
function forwardDecoding(job: Job, strip: usize, stride: u32, rows: u32, z: usize, zs: u32, from: usize, next: u32, to: usize): void {
  const live = job.live;
  const panels = panelCount<f32>(job.cols);
  const bytes = panels * PANEL;
  const used = usedBytes(job, 0, panels);
  let decoded: u32 = 0;
  let w = job.weights;
  let c: u32 = 0;
  for (; c + 3 <= live; c += 3, w += 3 * bytes) {
    for (let i: u32 = 0; i < rows; i += 3) {
      const x = strip + i * stride;
      const out = z + i * zs + c * 8;
      if (decoded < next) {
        const row = to + decoded * stride;
        forwardTile<f32, Three, Two>(x, stride, bytes, w, out, zs, from + decoded * job.stride, job.shift, row);
        for (let b: u32 = used; b < bytes; b += 16) v128.store(row + b, f32x4.splat(0));
        decoded++;
      } else {
        forwardTile<f32, Three, One>(x, stride, bytes, w, out, zs);
      }
    }
  }
  for (let i: u32 = 0; i < rows && live - c == 2; i += 3) forwardTile<f32, Two, One>(strip + i * stride, stride, bytes, w, z + i * zs + c * 8, zs);
  for (let i: u32 = 0; i < rows && live - c == 1; i += 3) forwardTile<f32, One, One>(strip + i * stride, stride, bytes, w, z + i * zs + c * 8, zs);
  if (decoded < next) decode(job, from + decoded * job.stride, 0, next - decoded, 0, panels, to + decoded * stride, stride);
}

/** The rows of a partition, in blocks as hands.ts would cut them. */
export function fusedWhole(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const stride = stripStride<f32>(job);
  const panels = panelCount<f32>(job.cols);
  const zs = paddedClasses(job) * 8;
  const z = blockMargins<f32>(job, scratch);
  const r = blockResiduals<f32>(job, scratch);
  const e = blockExponentials<f32>(job, scratch);
  const blocks = (rows + job.blockRows - 1) / job.blockRows;
  const step = ((rows + 3 * blocks - 1) / (3 * blocks)) * 3;
  let strip = scratch;
  let other = secondStrip(job, scratch);
  decode(job, x, 0, min(step, rows), 0, panels, strip, stride);
  for (let row: u32 = 0; row < rows; row += step) {
    const count = min(step, rows - row);
    const next = min(step, rows - row - count);
    memory.fill(z, 0, (count + 3) * zs);
    forwardDecoding(job, strip, stride, count, z, zs, x + (row + count) * job.stride, next, other);
    const at = (row0 + row) * zs;
    passMargins(job, z, count, job.direction ? job.direction + at : 0, job.margins ? job.margins + at : 0);
    residuals<f32>(job, z, job.bias, job.labels + (row0 + row) * 4, count, r, e, acc);
    backwardStrip<f32>(job, strip, stride, count, 0, panels, r, zs >> 1, acc + accBody(job));
    const last = strip;
    strip = other;
    other = last;
  }
}
