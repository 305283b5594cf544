/**
 * @file Σ ω x̃ x̃ᵀ: the backward tile with another panel in the place of the residuals, over the lower triangle of
 * panel pairs. Tiles [12, 12] float64 follow one another: (0,0) (1,0) (1,1) (2,0) …
 */
import { backwardTile } from "./backward";
import { Job } from "./job";
import { decode, PANEL, panelCount, rowStride } from "./strips";
import { accBody } from "./accumulators";
import { Three } from "./tiles";

const SIDE: u32 = 12;
const TILE: u32 = SIDE * SIDE * 8;

export function gramBytes(job: Job): u32 {
  const panels = panelCount<f32>(job.cols);
  return ((panels * (panels + 1)) / 2) * TILE;
}

/** One block; with job.index the block's rows are those it names, of all of X at x. */
export function gram(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const panels = panelCount<f32>(job.cols);
  const stride = rowStride(panels);
  decode(job, x, job.index ? job.index + row0 * 4 : 0, rows, 0, panels, scratch, stride);
  let left = scratch;
  if (job.rowWeights) {
    left = scratch + job.blockRows * stride;
    weigh(job, scratch, left, stride, row0, rows);
  }
  let out = acc + accBody(job);
  for (let a: u32 = 0; a < panels; a++) {
    for (let b: u32 = 0; b <= a; b++, out += TILE) {
      for (let c: u32 = 0; c < SIDE; c += 3) {
        backwardTile<f32, Three>(scratch + b * PANEL, stride, left + a * PANEL + c * 4, stride, rows, out + c * SIDE * 8);
      }
    }
  }
}

function weigh(job: Job, from: usize, to: usize, stride: u32, row0: u32, rows: u32): void {
  for (let i: u32 = 0; i < rows; i++, from += stride, to += stride) {
    const w = f32x4.splat(<f32>load<f64>(job.rowWeights + (row0 + i) * 8));
    for (let v: u32 = 0; v < stride; v += 16) v128.store(to + v, f32x4.mul(v128.load(from + v), w));
  }
}

/** out [d, d] ← tiles of partition 0 (already summed) / rows, both triangles. */
export function finishGram(job: Job): void {
  const d = job.cols;
  const scale = 1.0 / <f64>job.rows;
  const panels = panelCount<f32>(d);
  let tile = job.acc + accBody(job);
  for (let a: u32 = 0; a < panels; a++) {
    for (let b: u32 = 0; b <= a; b++, tile += TILE) {
      for (let i = a * SIDE; i < min(d, (a + 1) * SIDE); i++) {
        for (let j = b * SIDE; j < min(i + 1, (b + 1) * SIDE); j++) {
          const v = load<f64>(tile + ((i - a * SIDE) * SIDE + (j - b * SIDE)) * 8) * scale;
          store<f64>(job.out + (i * d + j) * 8, v);
          store<f64>(job.out + (j * d + i) * 8, v);
        }
      }
    }
  }
}
