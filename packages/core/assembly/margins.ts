/** @file Jobs on margins alone: one call does a whole partition, a block of rows at a time. Same form as blocks.ts. */
import { Job, paddedClasses } from "./job";
import { lines, moments as momentsOf, scores, softmaxRows } from "./softmax";
import { blockExponentials, blockMargins } from "./strips";
import { differences, lines2, scores2 } from "./two-classes";

// @ts-ignore: decorator
@inline function rowOf(job: Job, base: usize, row: u32): usize {
  return base + row * paddedClasses(job) * 8;
}

export function along(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  if (job.classes == 2) {
    lines2(job, rowOf(job, job.margins, row0), rowOf(job, job.direction, row0), job.labels + row0 * 4, rows, acc);
    return;
  }
  const v = blockMargins<f32>(job, scratch);
  const e = blockExponentials<f32>(job, scratch);
  for (const end = row0 + rows; row0 < end; row0 += job.blockRows) {
    const z = rowOf(job, job.margins, row0);
    const d = rowOf(job, job.direction, row0);
    lines(job, z, d, job.bias, job.labels + row0 * 4, min(job.blockRows, end - row0), v, e, acc);
  }
}

/** Z ← Z + t D. */
export function advance(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const z = rowOf(job, job.margins, row0);
  const d = rowOf(job, job.direction, row0);
  const t = f64x2.splat(job.t);
  const bytes = rows * paddedClasses(job) * 8;
  for (let i: u32 = 0; i < bytes; i += 16) {
    v128.store(z + i, f64x2.add(v128.load(z + i), f64x2.mul(t, v128.load(d + i))));
  }
}

/** Z ← Z + bias, row by row; the bias is 0 in the padding here. */
export function addBias(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const bytes = paddedClasses(job) * 8;
  let z = rowOf(job, job.margins, row0);
  for (let i: u32 = 0; i < rows; i++, z += bytes) {
    for (let c: u32 = 0; c < bytes; c += 16) {
      v128.store(z + c, f64x2.add(v128.load(z + c), v128.load(job.bias + c)));
    }
  }
}

export function moments(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const e = blockExponentials<f32>(job, scratch);
  for (const end = row0 + rows; row0 < end; row0 += job.blockRows) {
    const z = rowOf(job, job.margins, row0);
    momentsOf(job, z, job.bias, job.labels + row0 * 4, min(job.blockRows, end - row0), e, acc);
  }
}

export function score(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const e = blockExponentials<f32>(job, scratch);
  for (const end = row0 + rows; row0 < end; row0 += job.blockRows) {
    const z = rowOf(job, job.margins, row0);
    const labels = job.labels + row0 * 4;
    const count = min(job.blockRows, end - row0);
    if (job.classes == 2) {
      differences(z, count, e);
      scores2(e, 0, labels, count, acc);
    } else {
      scores(job, z, job.bias, labels, count, e, acc);
    }
  }
}

/** out [n, ZP] ← softmax(Z). */
export function probabilities(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  softmaxRows(job, rowOf(job, job.margins, row0), job.bias, job.labels + row0 * 4, rows, rowOf(job, job.out, row0));
}
