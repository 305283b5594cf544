/**
 * @file A minibatch sweep on features that are a convolution of others, x = K ∗ u + c, of one channel and with zeros
 * around it: margins W x + b are those of weights V = Kᵀ ∗ W on u, and the gradient Σ rᵢ xᵢ is K ∗ Σ rᵢ uᵢ + c Σ rᵢ. So a
 * batch's products are made on u, and per batch only W is convolved, whatever the rows. Float32, but for c and the step.
 */
import { Job } from "./job";
import { step } from "./sweep";
import { mulAdd } from "./tiles";

/** Columns that are convolved together: eight vectors. */
const BLOCK: u32 = 32;

// @ts-ignore: decorator
@inline function wide(job: Job): u32 {
  return (job.width + BLOCK - 1) & ~(BLOCK - 1);
}

/** Bytes from row to row of an image with zeros around it. */
// @ts-ignore: decorator
@inline function paddedStride(job: Job): u32 {
  return (wide(job) + ((job.side + 2) & ~3)) << 2;
}

// @ts-ignore: decorator
@inline function paddedBytes(job: Job): u32 {
  return (job.height + job.side - 1) * paddedStride(job);
}

/** Bytes that each class needs: two images with zeros around, one without, and a row. */
export function convolvedBytes(job: Job): u32 {
  return (2 * paddedBytes(job) + (job.height + 1) * wide(job) * 4 + 63) & ~63;
}

/** First number of the image's row y. */
// @ts-ignore: decorator
@inline function within(job: Job, padded: usize, y: u32): usize {
  const half = job.side >> 1;
  return padded + (y + half) * paddedStride(job) + half * 4;
}

/** Row y of the padded image's correlation with a kernel [side, side], added to what lies at `to` or in its place. */
// @ts-ignore: decorator
@inline function correlateRow(job: Job, padded: usize, y: u32, kernel: usize, to: usize, add: bool): void {
  const stride = paddedStride(job);
  const side = job.side;
  const bytes = wide(job) * 4;
  const zero = f32x4.splat(0);
  for (let b: u32 = 0; b < bytes; b += BLOCK * 4) {
    let a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero, a6 = zero, a7 = zero;
    if (add) {
      a0 = v128.load(to + b);
      a1 = v128.load(to + b, 16);
      a2 = v128.load(to + b, 32);
      a3 = v128.load(to + b, 48);
      a4 = v128.load(to + b, 64);
      a5 = v128.load(to + b, 80);
      a6 = v128.load(to + b, 96);
      a7 = v128.load(to + b, 112);
    }
    let k = kernel;
    let row = padded + y * stride + b;
    for (let i: u32 = 0; i < side; i++, row += stride) {
      for (let j: u32 = 0; j < side; j++, k += 4) {
        const w = v128.load32_splat(k);
        const from = row + j * 4;
        a0 = mulAdd<f32>(a0, w, v128.load(from));
        a1 = mulAdd<f32>(a1, w, v128.load(from, 16));
        a2 = mulAdd<f32>(a2, w, v128.load(from, 32));
        a3 = mulAdd<f32>(a3, w, v128.load(from, 48));
        a4 = mulAdd<f32>(a4, w, v128.load(from, 64));
        a5 = mulAdd<f32>(a5, w, v128.load(from, 80));
        a6 = mulAdd<f32>(a6, w, v128.load(from, 96));
        a7 = mulAdd<f32>(a7, w, v128.load(from, 112));
      }
    }
    v128.store(to + b, a0);
    v128.store(to + b, a1, 16);
    v128.store(to + b, a2, 32);
    v128.store(to + b, a3, 48);
    v128.store(to + b, a4, 64);
    v128.store(to + b, a5, 80);
    v128.store(to + b, a6, 96);
    v128.store(to + b, a7, 112);
  }
}

/**
 * Of each class c from row0 on: the step of W [c] with the batch's gradient by u at job.out [k, height·width], float64, and
 * Σ r of the batch at job.gradientBias [k]; without a batch none. Then V [c] goes to job.source [k, height·width] and W c
 * to job.outBias [k]. W and its squares are [k, d] without padding.
 */
export function convolvedClasses(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  for (let c = row0; c < row0 + rows; c++) convolvedClass(job, c, job.convolved + c * convolvedBytes(job));
}

function convolvedClass(job: Job, c: u32, room: usize): void {
  const height = job.height;
  const width = job.width; // even
  const side = job.side;
  const cells = height * width;
  const kernelBytes = side * side * 4;
  const flipped = job.kernels + job.filters * kernelBytes;
  const gradient = room;
  const weights = gradient + paddedBytes(job);
  const sum = weights + paddedBytes(job);
  const line = sum + height * wide(job) * 4;
  const rowBytes = wide(job) * 4;
  const moves = job.batch > 0;
  memory.fill(room, 0, <u32>(line - room));
  if (moves) {
    for (let y: u32 = 0; y < height; y++) {
      const from = job.out + (c * cells + y * width) * 8;
      const to = within(job, gradient, y);
      for (let i: u32 = 0; i < width; i++) store<f32>(to + i * 4, <f32>load<f64>(from + i * 8));
    }
  }
  const residual = f64x2.splat(moves ? load<f64>(job.gradientBias + c * 8) : 0);
  let constant = f64x2.splat(0);
  for (let f: u32 = 0; f < job.filters; f++) {
    for (let y: u32 = 0; y < height; y++) {
      if (moves) correlateRow(job, gradient, y, job.kernels + f * kernelBytes, line, false);
      const to = within(job, weights, y);
      const column = (f * cells + y * width) * 8;
      const at = c * job.filters * cells * 8 + column;
      for (let i: u32 = 0; i < width; i += 2) {
        const offset = v128.load(job.constants + column + i * 8);
        if (moves) {
          const g = f64x2.promote_low_f32x4(v128.load64_zero(line + i * 4));
          step(job, at + i * 8, column + i * 8, f64x2.add(g, f64x2.mul(offset, residual)));
        }
        const w = v128.load(job.theta + at + i * 8);
        v128.store64_lane(to + i * 4, f32x4.demote_f64x2_zero(w), 0);
        constant = f64x2.add(constant, f64x2.mul(offset, w));
      }
    }
    for (let y: u32 = 0; y < height; y++) {
      correlateRow(job, weights, y, flipped + f * kernelBytes, sum + y * rowBytes, true);
    }
  }
  for (let y: u32 = 0; y < height; y++) {
    const to = job.source + (c * cells + y * width) * 8;
    for (let i: u32 = 0; i < width; i++) store<f64>(to + i * 8, load<f32>(sum + y * rowBytes + i * 4));
  }
  store<f64>(job.outBias + c * 8, f64x2.extract_lane(constant, 0) + f64x2.extract_lane(constant, 1));
}
