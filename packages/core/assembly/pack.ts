/** @file Between the plain arrays of the caller and the packed ones of the tiles, and the ordered sum over partitions. */
import { Job, paddedClasses } from "./job";
import { panelCols, panelCount } from "./strips";
import { accBody } from "./accumulators";

/** Packed ← W [k, d] (float64, at job.source), minus the last class's row when live < k; zero in the padding. */
// @ts-ignore: decorator
@inline function pack<T>(job: Job): void {
  const d = job.cols;
  const live = job.live;
  const panels = panelCount<T>(d);
  const lanes: u32 = 16 / sizeof<T>();
  const reference = live < job.classes ? job.source + live * d * 8 : 0;
  let to = job.weights;
  for (let c0: u32 = 0; c0 < live; c0 += 3) {
    const nc = min(3, live - c0);
    for (let v: u32 = 0; v < panels * 3; v++) {
      for (let c = c0; c < c0 + nc; c++) {
        for (let l: u32 = 0; l < lanes; l++, to += sizeof<T>()) {
          const j = v * lanes + l;
          let w: f64 = 0;
          if (j < d) {
            w = load<f64>(job.source + (c * d + j) * 8);
            if (reference) w -= load<f64>(reference + j * 8);
          }
          store<T>(to, <T>w);
        }
      }
    }
  }
}

export function packWeights(job: Job): void {
  pack<f32>(job);
}

export function packWeightsExact(job: Job): void {
  pack<f64>(job);
}

/** Bytes of packed weights, for either precision. */
export function weightBytes(job: Job): u32 {
  return max(panelCount<f32>(job.cols) * 48, panelCount<f64>(job.cols) * 48) * job.classes;
}

/** Bytes of gradient tiles, for either precision. */
export function gradientBytes(job: Job): u32 {
  return panelCount<f32>(job.cols) * panelCols<f32>() * 8 * job.classes;
}

/** acc of partition 0 ← sum over partitions, in order, number by number. */
export function reduce(job: Job): void {
  const bytes = job.accStride;
  for (let at: u32 = 0; at < bytes; at += 1024) {
    const end = min(bytes, at + 1024);
    for (let part: u32 = 1; part < job.parts; part++) {
      const from = job.acc + part * bytes;
      for (let i = at; i < end; i += 16) {
        v128.store(job.acc + i, f64x2.add(v128.load(job.acc + i), v128.load(from + i)));
      }
    }
  }
}

/** out [k, d] ← tiles of partition 0 / n; the reference class, if any, gets minus the sum of the others. */
// @ts-ignore: decorator
@inline function unpack<T>(job: Job): void {
  const d = job.cols;
  const k = job.classes;
  const live = job.live;
  const pc = panelCols<T>();
  const panels = panelCount<T>(d);
  const scale = 1.0 / <f64>job.rows;
  const last = job.out + live * d * 8;
  if (live < k) memory.fill(last, 0, d * 8);
  let tiles = job.acc + accBody(job);
  for (let c0: u32 = 0; c0 < live; c0 += 3) {
    const nc = min(3, live - c0);
    for (let p: u32 = 0; p < panels; p++) {
      const count = min(pc, d - p * pc);
      for (let c = c0; c < c0 + nc; c++, tiles += pc * 8) {
        const to = job.out + (c * d + p * pc) * 8;
        for (let l: u32 = 0; l < count; l++) {
          const g = load<f64>(tiles + l * 8) * scale;
          store<f64>(to + l * 8, g);
          if (live < k) {
            const at = last + (p * pc + l) * 8;
            store<f64>(at, load<f64>(at) - g);
          }
        }
      }
    }
  }
}

export function finishGradient(job: Job): void {
  unpack<f32>(job);
}

export function finishGradientExact(job: Job): void {
  unpack<f64>(job);
}

/** First bad number of a [rows, cols] block with the given stride, as row·cols + column; -1 when all are finite. */
export function firstNotFinite(x: usize, rows: u32, cols: u32, stride: u32): f64 {
  for (let i: u32 = 0; i < rows; i++) {
    const from = x + i * stride;
    // x - x is 0 for finite x only, and NaN stays NaN through sums.
    let sum = f32x4.splat(0);
    let j: u32 = 0;
    for (; j + 4 <= cols; j += 4) {
      const v = v128.load(from + j * 4);
      sum = f32x4.add(sum, f32x4.sub(v, v));
    }
    let rest: f32 = 0;
    for (; j < cols; j++) rest += load<f32>(from + j * 4) - load<f32>(from + j * 4);
    if (v128.any_true(f32x4.ne(sum, f32x4.splat(0))) || rest != 0) {
      for (j = 0; j < cols; j++) {
        if (!isFinite<f32>(load<f32>(from + j * 4))) return <f64>i * <f64>cols + <f64>j;
      }
    }
  }
  return -1;
}

/** Rows of `cols` numbers, packed at `from`, moved to rows `stride` bytes apart at `to`, padding zeroed. */
export function spreadRows(from: usize, to: usize, rows: u32, cols: u32, stride: u32): void {
  for (let i: u32 = 0; i < rows; i++) {
    memory.copy(to + i * stride, from + i * cols * 4, cols * 4);
    memory.fill(to + i * stride + cols * 4, 0, stride - cols * 4);
  }
}

/** Zeroes a partition's sums. */
export function clear(at: usize, bytes: u32): void {
  memory.fill(at, 0, bytes);
}
