/** @file Columns merged into fewer: each group's sum times a scale. A sum's order is that of its columns. */
import { Job } from "./job";

/**
 * Y[rows, outCols] at job.out. At job.index the byte offsets of the columns, group by group;
 * at job.order the end of each group among them, in bytes; at job.rowWeights its scale, f32.
 */
export function mergeColumns(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const groups = job.outCols;
  const index = job.index;
  let y = job.out + row0 * job.outStride;
  for (let i: u32 = 0; i < rows; i++, x += job.stride, y += job.outStride) {
    let at: u32 = 0;
    for (let g: u32 = 0; g < groups; g++) {
      const end = load<u32>(job.order + g * 4);
      let sum: f32 = 0;
      for (; at < end; at += 4) sum += load<f32>(x + load<u32>(index + at));
      store<f32>(y + g * 4, sum * load<f32>(job.rowWeights + g * 4));
    }
    memory.fill(y + groups * 4, 0, job.outStride - groups * 4);
  }
}
