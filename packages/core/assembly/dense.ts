/**
 * @file A dense layer without bias and with a leaky rectifier: Y = leaky(X W), W [din, dout] float32. Three rows by
 * twelve outputs at a time; each sum runs over the inputs in order, so that bits depend on nothing else. And a rectifier
 * alone.
 */
import { Job } from "./job";
import { PANEL } from "./strips";
import { mulAdd } from "./tiles";

/** Rows that pass by one panel of weights before the next panel is taken: both stay in the first cache. */
const ROWS: u32 = 30;

/** Packed [out panel][input][12] ← W [din, dout] float32 at job.source. */
export function packDense(job: Job): void {
  const outs = job.outCols;
  let to = job.weights;
  for (let o: u32 = 0; o < outs; o += 12) {
    for (let i: u32 = 0; i < job.cols; i++) {
      for (let l: u32 = 0; l < 12; l++, to += 4) {
        store<f32>(to, o + l < outs ? load<f32>(job.source + (i * outs + o + l) * 4) : 0);
      }
    }
  }
}

// @ts-ignore: decorator
@inline function leaky(v: v128, slope: v128): v128 {
  return f32x4.max(v, f32x4.mul(v, slope)); // slope ≤ 1
}

// @ts-ignore: decorator
@inline function storeRow(to: usize, vectors: u32, a: v128, b: v128, c: v128, slope: v128): void {
  v128.store(to, leaky(a, slope));
  if (vectors > 1) v128.store(to, leaky(b, slope), 16);
  if (vectors > 2) v128.store(to, leaky(c, slope), 32);
}

// @ts-ignore: decorator
@inline function denseTile(nr: u32, x: usize, xs: u32, inputs: u32, w: usize, to: usize, ts: u32, vectors: u32, slope: v128): void {
  const zero = f32x4.splat(0);
  let a00 = zero, a01 = zero, a02 = zero;
  let a10 = zero, a11 = zero, a12 = zero;
  let a20 = zero, a21 = zero, a22 = zero;
  const x1 = x + xs;
  const x2 = x1 + xs;
  const bytes = inputs * 4;
  for (let j: u32 = 0; j < bytes; j += 4, w += PANEL) {
    const w0 = v128.load(w);
    const w1 = v128.load(w, 16);
    const w2 = v128.load(w, 32);
    let v = v128.load_splat<f32>(x + j);
    a00 = mulAdd<f32>(a00, v, w0);
    a01 = mulAdd<f32>(a01, v, w1);
    a02 = mulAdd<f32>(a02, v, w2);
    if (nr > 1) {
      v = v128.load_splat<f32>(x1 + j);
      a10 = mulAdd<f32>(a10, v, w0);
      a11 = mulAdd<f32>(a11, v, w1);
      a12 = mulAdd<f32>(a12, v, w2);
      v = v128.load_splat<f32>(x2 + j);
      a20 = mulAdd<f32>(a20, v, w0);
      a21 = mulAdd<f32>(a21, v, w1);
      a22 = mulAdd<f32>(a22, v, w2);
    }
  }
  storeRow(to, vectors, a00, a01, a02, slope);
  if (nr > 1) {
    storeRow(to + ts, vectors, a10, a11, a12, slope);
    storeRow(to + 2 * ts, vectors, a20, a21, a22, slope);
  }
}

export function dense(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const slope = f32x4.splat(<f32>job.slope);
  const xs = job.stride;
  const ts = job.outStride;
  const inputs = job.cols;
  const panels = (job.outCols + 11) / 12;
  const panelBytes = inputs * PANEL;
  const y = job.out + row0 * ts;
  for (let i0: u32 = 0; i0 < rows; i0 += ROWS) {
    const end = min(rows, i0 + ROWS);
    for (let p: u32 = 0; p < panels; p++) {
      const vectors = (ts - p * PANEL) >> 4;
      const w = job.weights + p * panelBytes;
      let i = i0;
      for (; i + 3 <= end; i += 3) {
        denseTile(3, x + i * xs, xs, inputs, w, y + i * ts + p * PANEL, ts, vectors, slope);
      }
      for (; i < end; i++) denseTile(1, x + i * xs, xs, inputs, w, y + i * ts + p * PANEL, ts, vectors, slope);
    }
  }
}

/** X ← max(X, 0), in place. */
export function rectify(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const zero = f32x4.splat(0);
  for (const end = x + rows * job.stride; x < end; x += 16) v128.store(x, f32x4.max(v128.load(x), zero));
}
