/**
 * @file Minibatch RMSProp (Hinton 2012, lecture 6e; TensorFlow form): g ← batch gradient + penalty ∘ W;
 * s ← ρ s + (1-ρ) g²;  θ ← θ - rate g / (sqrt(s) + ε). Products in float32, parameters and accumulators in float64.
 * θ and s are [k, DP], the column settings [DP], DP = d in whole panels; ε is 1 in the padding.
 */
import { Job, paddedClasses } from "./job";
import { gradientOfBlock } from "./blocks";
import { panelCols, panelCount } from "./strips";
import { ACC_BIAS, ACC_LOSS, accBody } from "./softmax";
import { gradientBytes } from "./pack";

/** The whole sweep over job.order, when x is all of X in memory. acc[0] sums the losses of all batches. */
export function sweep(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  for (let start: u32 = 0; start < job.orderLength; start += job.batch) {
    const size = min(job.batch, job.orderLength - start);
    sweepBegin(job, acc);
    for (let at: u32 = 0; at < size; at += job.blockRows) {
      const count = min(job.blockRows, size - at);
      const index = job.order + (start + at) * 4;
      gradientOfBlock(job, scratch, acc, x, index, job.direction + (start + at) * 4, count);
    }
    sweepUpdate(job, acc, size);
  }
}

/** Clears the sums of a batch, except the loss. */
export function sweepBegin(job: Job, acc: usize): void {
  memory.fill(acc + ACC_BIAS, 0, accBody(job) - ACC_BIAS + gradientBytes(job));
}

/** Adds the gradient of `rows` rows that were brought to x one after the other; in the order they stand from `at` on. */
export function sweepStaged(job: Job, scratch: usize, acc: usize, x: usize, at: u32, rows: u32): void {
  gradientOfBlock(job, scratch, acc, x, 0, job.direction + at * 4, rows); // labels in the sweep's order
}

/** One step with the gradient of a batch of `size` rows; then repacks the weights. */
export function sweepUpdate(job: Job, acc: usize, size: u32): void {
  updateWeights(job, acc + accBody(job), 1.0 / <f64>size);
  updateBias(job, acc + ACC_BIAS, 1.0 / <f64>size);
}

// @ts-ignore: decorator
@inline function step(job: Job, at: usize, column: usize, g: v128): v128 {
  const theta = job.theta + at;
  const square = job.square + at;
  const decay = f64x2.splat(job.decay);
  const w = v128.load(theta);
  const gradient = f64x2.add(g, f64x2.mul(v128.load(job.penalty + column), w));
  const s = f64x2.add(
    f64x2.mul(decay, v128.load(square)),
    f64x2.mul(f64x2.mul(f64x2.sub(f64x2.splat(1), decay), gradient), gradient),
  );
  v128.store(square, s);
  const moved = f64x2.sub(
    w,
    f64x2.div(
      f64x2.mul(v128.load(job.columnRate + column), gradient),
      f64x2.add(f64x2.sqrt(s), v128.load(job.columnEpsilon + column)),
    ),
  );
  v128.store(theta, moved);
  return moved;
}

function updateWeights(job: Job, tiles: usize, scale: f64): void {
  const live = job.live; // k - 1
  const panels = panelCount<f32>(job.cols);
  const row = panels * panelCols<f32>() * 8; // bytes of a row of θ
  const factor = f64x2.splat(scale);
  for (let p: u32 = 0; p < panels; p++) {
    for (let v: u32 = 0; v < 3; v++) {
      for (let h: u32 = 0; h < 2; h++) {
        const column = (p * 12 + v * 4 + h * 2) * 8;
        // The last class's gradient is minus the sum of the others.
        let last = f64x2.splat(0);
        for (let c: u32 = 0; c < live; c++) {
          const group = c / 3;
          const nc = min(3, live - group * 3);
          const tile = tiles + (group * 3 * panels + nc * p + (c - group * 3)) * 96 + v * 32 + h * 16;
          const g = f64x2.mul(v128.load(tile), factor);
          last = f64x2.sub(last, g);
          step(job, c * row + column, column, g);
        }
        const reference = step(job, live * row + column, column, last);
        for (let c: u32 = 0; c < live; c++) {
          const group = c / 3;
          const nc = min(3, live - group * 3);
          const to = job.weights + (group * 9 * panels + (p * 3 + v) * nc + (c - group * 3)) * 16 + h * 8;
          const w = f64x2.sub(v128.load(job.theta + c * row + column), reference);
          v128.store64_lane(to, f32x4.demote_f64x2_zero(w), 0);
        }
      }
    }
  }
}

function updateBias(job: Job, gradient: usize, scale: f64): void {
  const k = job.classes;
  const values = job.outBias; // b itself; job.bias holds b minus the last class's
  for (let c: u32 = 0; c < k; c++) {
    const at = c * 8;
    const g = load<f64>(gradient + at) * scale;
    const s = job.decay * load<f64>(job.biasSquare + at) + (1 - job.decay) * g * g;
    store<f64>(job.biasSquare + at, s);
    store<f64>(values + at, load<f64>(values + at) - (job.rate * g) / (sqrt(s) + job.epsilon));
  }
  const last = load<f64>(values + (k - 1) * 8);
  for (let c: u32 = 0; c < k; c++) store<f64>(job.bias + c * 8, load<f64>(values + c * 8) - last);
}
