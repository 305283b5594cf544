/** @file Jobs on margins alone: one call does a whole partition. Same form as blocks.ts; x is not used. */
import { Job, paddedClasses } from "./job";
import { blockRowSpace } from "./panels";
import { lines, lines2, moments as momentsOf, scores, softmaxRows } from "./softmax";

// @ts-ignore: decorator
@inline function rowOf(job: Job, base: usize, row: u32): usize {
  return base + row * paddedClasses(job) * 8;
}

export function along(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const z = rowOf(job, job.margins, row0);
  const d = rowOf(job, job.direction, row0);
  const labels = job.labels + row0 * 4;
  if (job.classes == 2) lines2(job, z, d, labels, rows, acc);
  else lines(job, z, d, job.bias, labels, rows, blockRowSpace<f32>(job, scratch), acc);
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
  const z = rowOf(job, job.margins, row0);
  momentsOf(job, z, job.bias, job.labels + row0 * 4, rows, blockRowSpace<f32>(job, scratch), acc);
}

export function score(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const z = rowOf(job, job.margins, row0);
  scores(job, z, job.bias, job.labels + row0 * 4, rows, blockRowSpace<f32>(job, scratch), acc);
}

/** out [n, ZP] ← softmax(Z). */
export function probabilities(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  softmaxRows(job, rowOf(job, job.margins, row0), job.bias, rows, rowOf(job, job.out, row0));
}
