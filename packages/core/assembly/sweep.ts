/**
 * @file Minibatch RMSProp (Hinton 2012, lecture 6e; TensorFlow form): g ← batch gradient + penalty ∘ W;
 * s ← ρ s + (1-ρ) g²;  θ ← θ - rate g / (sqrt(s) + ε). Products in float32, parameters and accumulators in float64.
 * θ and s are [k, DP], the column settings [DP], DP = d in whole panels; ε is 1 in the padding.
 */
import { ACC_BIAS, ACC_LOSS, accBody, addTo } from "./accumulators";
import { Job } from "./job";
import { gradientOfBlock } from "./blocks";
import { gradientBytes } from "./pack";
import { panelCols, panelCount, STRIP, stripPanels } from "./strips";
import { jobBytes } from "./together";

/** Rows of a block within a batch: equal blocks, no larger than the scratch allows. */
// @ts-ignore: decorator
@inline function blockStep(job: Job, size: u32): u32 {
  const blocks = (size + job.blockRows - 1) / job.blockRows;
  return (((size + blocks - 1) / blocks + 2) / 3) * 3;
}

/** The batch that begins at entry `start` of job.order; acc[0] gains its losses. */
function sweepBatch(job: Job, scratch: usize, acc: usize, x: usize, start: u32): void {
  const size = min(job.batch, job.orderLength - start);
  const step = blockStep(job, size);
  const before = load<f64>(acc + ACC_LOSS);
  memory.fill(acc, 0, accBody(job) + gradientBytes(job));
  for (let at: u32 = 0; at < size; at += step) {
    const count = min(step, size - at);
    const labels = job.direction + (start + at) * 4; // in the sweep's order
    gradientOfBlock(job, scratch, acc, x, job.order + (start + at) * 4, labels, count, 0, 0);
  }
  updateWeights(job, acc + accBody(job), 0, panelCount<f32>(job.cols), 1.0 / <f64>size);
  updateBias(job, acc + ACC_BIAS, 1.0 / <f64>size);
  addTo(acc + ACC_LOSS, before);
}

/** The whole sweep over job.order on one thread, x being all of X in memory. acc[0] sums the losses of all batches. */
export function sweep(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  for (let start: u32 = 0; start < job.orderLength; start += job.batch) sweepBatch(job, scratch, acc, x, start);
}

/**
 * The sweeps of `count` jobs, jobBytes apart, of as many rows in batches of one size: batch by batch, so that a batch of
 * the same rows is read from a cache by all but the first.
 */
export function sweepTogether(jobs: usize, count: u32, scratch: usize, x: usize): void {
  const first = changetype<Job>(jobs);
  for (let start: u32 = 0; start < first.orderLength; start += first.batch) {
    for (let i: u32 = 0; i < count; i++) {
      const one = changetype<Job>(jobs + i * jobBytes());
      sweepBatch(one, scratch, one.acc, x, start);
    }
  }
}

/*
 * The same batch by batch, for many columns or for rows that lie elsewhere: rows of a batch are shared out among the
 * threads, as in any traversal, then strips of columns, where the partitions' sums are added in order. With one partition
 * the bits are those of `sweep`. The batch has job.batch rows; job.sums are the sums of job.sumsParts partitions,
 * job.sumsStride apart.
 */

/** Rows of the batch: those that job.index names, or that follow one another at x. */
export function sweepRows(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const index = job.index ? job.index + row0 * 4 : 0;
  gradientOfBlock(job, scratch, acc, x, index, job.labels + row0 * 4, rows, 0, 0);
}

/** to += what lies there in the other partitions. */
// @ts-ignore: decorator
@inline function addParts(job: Job, to: usize, bytes: u32): void {
  for (let part: u32 = 1; part < job.sumsParts; part++) {
    const from = to + part * job.sumsStride;
    for (let i: u32 = 0; i < bytes; i += 16) v128.store(to + i, f64x2.add(v128.load(to + i), v128.load(from + i)));
  }
}

/** The step of one strip's weights. */
export function sweepWeights(job: Job, scratch: usize, acc: usize, x: usize, strip: u32, one: u32): void {
  const p = strip * STRIP;
  const count = stripPanels<f32>(job, p);
  const tiles = job.sums + accBody(job);
  const panels = panelCount<f32>(job.cols);
  for (let c: u32 = 0; c < job.live; c += 3) {
    const unit = min(3, job.live - c) * 96; // bytes of a tile
    addParts(job, tiles + c * panels * 96 + p * unit, count * unit);
  }
  updateWeights(job, tiles, p, count, 1.0 / <f64>job.batch);
}

/** The step of the bias; returns the batch's loss. */
export function sweepBias(job: Job): f64 {
  addParts(job, job.sums, accBody(job));
  updateBias(job, job.sums + ACC_BIAS, 1.0 / <f64>job.batch);
  return load<f64>(job.sums + ACC_LOSS);
}

/** Two weights of a class, θ and squares `at` bytes further, columns `column` bytes; g is their gradient less the penalty's. */
// @ts-ignore: decorator
@inline export function step(job: Job, at: usize, column: usize, g: v128): void {
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
  v128.store(theta, f64x2.sub(
    w,
    f64x2.div(
      f64x2.mul(v128.load(job.columnRate + column), gradient),
      f64x2.add(f64x2.sqrt(s), v128.load(job.columnEpsilon + column)),
    ),
  ));
}

/**
 * One step of the weights of panels p .. p+count-1; repacks them. Class by class: all of them side by side, each with its
 * own θ and squares, are more streams than a processor follows.
 */
function updateWeights(job: Job, tiles: usize, p: u32, count: u32, scale: f64): void {
  const live = job.live; // k - 1
  const factor = f64x2.splat(scale);
  const panel = panelCols<f32>() * 8; // bytes of a class's θ, and of its gradient in a tile
  const row = panelCount<f32>(job.cols) * panel;
  const from = p * panel;
  const to = from + count * panel;
  // The last class's gradient is minus the sum of the others', which takes the place of the first's.
  const width = min(3, live) * panel; // bytes of a tile in the first group
  const first = tiles + p * width;
  for (let c: u32 = 0; c < live; c++) {
    const place = c % 3;
    const wide = min(3, live - (c - place)) * panel;
    let tile = tiles + (c - place) * row + p * wide + place * panel;
    let rest = first;
    for (let at = from; at < to; at += panel, tile += wide, rest += width) {
      for (let b: u32 = 0; b < panel; b += 16) {
        const g = f64x2.mul(v128.load(tile + b), factor);
        step(job, c * row + at + b, at + b, g);
        v128.store(rest + b, f64x2.sub(c == 0 ? f64x2.splat(0) : v128.load(rest + b), g));
      }
    }
  }
  let rest = first;
  for (let at = from; at < to; at += panel, rest += width) {
    for (let b: u32 = 0; b < panel; b += 16) step(job, live * row + at + b, at + b, v128.load(rest + b));
  }
  for (let c: u32 = 0; c < live; c++) {
    const place = c % 3;
    const wide = min(3, live - (c - place)) * 16; // bytes of a vector of every class in the group
    let packed = job.weights + (c - place) * (row >> 1) + p * 3 * wide + place * 16;
    for (let at = from; at < to; at += 32, packed += wide) {
      const mine = job.theta + c * row + at;
      const last = job.theta + live * row + at;
      const low = f32x4.demote_f64x2_zero(f64x2.sub(v128.load(mine), v128.load(last)));
      const high = f32x4.demote_f64x2_zero(f64x2.sub(v128.load(mine, 16), v128.load(last, 16)));
      v128.store(packed, v128.shuffle<i64>(low, high, 0, 2));
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
