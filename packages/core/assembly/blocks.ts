/**
 * @file One block of rows of each job that traverses X: decoded strip by strip, then every product reads the packed copy.
 * All have the form (job, scratch, acc, x, row0, rows): x is the first byte of row row0, acc the partition's sums.
 */
import { ACC_LOSS, accBody } from "./accumulators";
import { backwardStrip } from "./backward";
import { decodeForward, forwardGroups } from "./forward";
import { Job, paddedClasses } from "./job";
import { sum2 } from "./math";
import { backwardOne, forwardOne } from "./one-class";
import {
  blockExponentials,
  blockMargins,
  blockResiduals,
  decode,
  decodeExact,
  lastStrip,
  STRIP,
  stripAt,
  stripPanels,
  stripStride,
} from "./strips";
import { addDifferences, differences, keepDifferences, residuals2, scores2 } from "./two-classes";
import { curvatures, residuals, scores } from "./softmax";

/** Decodes the block strip by strip, keeping all or the last; returns its margins without bias [rows, zs bytes]. */
function blockForward(job: Job, scratch: usize, x: usize, index: usize, rows: u32, zs: u32, keep: bool): usize {
  const z = blockMargins<f32>(job, scratch);
  const stride = stripStride<f32>(job);
  memory.fill(z, 0, (rows + 3) * zs);
  for (let p: u32 = 0; p <= lastStrip<f32>(job); p += STRIP) {
    const strip = keep ? stripAt(job, scratch, p) : scratch;
    decodeForward(job, x, index, rows, p, stripPanels<f32>(job, p), strip, stride, z, zs);
  }
  return z;
}

function blockForwardExact(job: Job, scratch: usize, x: usize, rows: u32, zs: u32): usize {
  const z = blockMargins<f64>(job, scratch);
  const stride = stripStride<f64>(job);
  memory.fill(z, 0, (rows + 3) * zs);
  for (let p: u32 = 0; p <= lastStrip<f64>(job); p += STRIP) {
    const count = stripPanels<f64>(job, p);
    decodeExact(job, x, rows, p, count, scratch, stride);
    forwardGroups<f64>(job, 0, scratch, stride, rows, p, count, z, zs);
  }
  return z;
}

/** Adds x̃ᵀ R to the tiles, from the last strip, the warmest, to the first; with `kept` all lie in the scratch. */
function blockBackward(job: Job, scratch: usize, x: usize, rows: u32, r: usize, rs: u32, acc: usize, kept: bool): void {
  const stride = stripStride<f32>(job);
  for (let p: i32 = lastStrip<f32>(job); p >= 0; p -= STRIP) {
    const count = stripPanels<f32>(job, p);
    const strip = kept ? stripAt(job, scratch, p) : scratch;
    if (!kept) decode(job, x, 0, rows, p, count, strip, stride);
    backwardStrip<f32>(job, strip, stride, rows, p, count, r, rs, acc + accBody(job));
  }
}

function blockBackwardExact(job: Job, scratch: usize, x: usize, rows: u32, r: usize, rs: u32, acc: usize): void {
  const stride = stripStride<f64>(job);
  for (let p: u32 = 0; p <= lastStrip<f64>(job); p += STRIP) {
    const count = stripPanels<f64>(job, p);
    decodeExact(job, x, rows, p, count, scratch, stride);
    backwardStrip<f64>(job, scratch, stride, rows, p, count, r, rs, acc + accBody(job));
  }
}

/** The margins of one class with weights [rows] and, of their residuals, its gradient. */
function blockForwardOne(job: Job, scratch: usize, x: usize, index: usize, rows: u32): usize {
  const z = blockMargins<f32>(job, scratch);
  memory.fill(z, 0, (rows + 3) * 8);
  for (let p: u32 = 0; p <= lastStrip<f32>(job); p += STRIP) {
    forwardOne(job, x, index, rows, p, stripPanels<f32>(job, p), z, 8);
  }
  return z;
}

function blockBackwardOne(job: Job, scratch: usize, x: usize, index: usize, rows: u32, r: usize, acc: usize): void {
  for (let p: i32 = lastStrip<f32>(job); p >= 0; p -= STRIP) {
    backwardOne(job, x, index, rows, p, stripPanels<f32>(job, p), r, 4, scratch, acc + accBody(job));
  }
}

/**
 * Loss and gradient: decode, forward, softmax, backward. The margins are added to those of job.direction and kept in
 * job.margins, unless these are 0.
 */
export function fused(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const at = row0 * paddedClasses(job) * 8;
  const from = job.direction ? job.direction + at : 0;
  const keep = job.margins ? job.margins + at : 0;
  gradientOfBlock(job, scratch, acc, x, 0, job.labels + row0 * 4, rows, from, keep);
}

/** The same for rows that `index` may name and labels, `from` and `keep` whose rows follow one another. */
export function gradientOfBlock(job: Job, scratch: usize, acc: usize, x: usize, index: usize, labels: usize, rows: u32, from: usize, keep: usize): void {
  const r = blockResiduals<f32>(job, scratch);
  if (job.classes == 2) {
    const z = blockForwardOne(job, scratch, x, index, rows);
    passMargins(job, z, rows, from, keep);
    residuals2<f32>(job, z, load<f64>(job.bias), labels, rows, r, acc);
    blockBackwardOne(job, scratch, x, index, rows, r, acc);
  } else {
    const z = blockForward(job, scratch, x, index, rows, paddedClasses(job) * 8, true);
    passMargins(job, z, rows, from, keep);
    residuals<f32>(job, z, job.bias, labels, rows, r, blockExponentials<f32>(job, scratch), acc);
    blockBackward(job, scratch, x, rows, r, paddedClasses(job) * 4, acc, true);
  }
}

/** The block's margins z += from, keep ← z + bias, unless these are 0. For two classes z is one difference a row. */
export function passMargins(job: Job, z: usize, rows: u32, from: usize, keep: usize): void {
  if (job.classes == 2) {
    if (from) addDifferences(from, rows, z);
    if (keep) keepDifferences(z, load<f64>(job.bias), rows, keep);
    return;
  }
  const bytes = paddedClasses(job) * 8;
  const all = rows * bytes;
  for (let at: u32 = 0; from != 0 && at < all; at += 16) {
    v128.store(z + at, f64x2.add(v128.load(z + at), v128.load(from + at)));
  }
  if (!keep) return;
  const odd = (job.classes & 1) == 1;
  for (let i: u32 = 0; i < rows; i++, z += bytes, keep += bytes) {
    for (let c: u32 = 0; c < bytes; c += 16) v128.store(keep + c, f64x2.add(v128.load(z + c), v128.load(job.bias + c)));
    // There the bias is -Infinity, but margins must stay finite.
    if (odd) store<f64>(keep + bytes - 8, 0);
  }
}

// @ts-ignore: decorator
@inline function storeMargins(job: Job, z: usize, row0: u32, rows: u32): void {
  const bytes = paddedClasses(job) * 8;
  let out = job.margins + row0 * bytes;
  for (let i: u32 = 0; i < rows; i++, z += bytes, out += bytes) {
    for (let c: u32 = 0; c < bytes; c += 16) {
      v128.store(out + c, f64x2.add(v128.load(z + c), v128.load(job.bias + c)));
    }
  }
}

/** Z ← x̃ Wᵀ + b. */
export function forward(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  storeMargins(job, blockForward(job, scratch, x, 0, rows, paddedClasses(job) * 8, false), row0, rows);
}

export function forwardExact(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  storeMargins(job, blockForwardExact(job, scratch, x, rows, paddedClasses(job) * 8), row0, rows);
}

/** Bytes from row to row of R: of one residual for two classes. */
// @ts-ignore: decorator
@inline export function residualBytes<T>(job: Job): u32 {
  return (job.classes == 2 ? 1 : paddedClasses(job)) * sizeof<T>();
}

/** R of the block from its margins. */
// @ts-ignore: decorator
@inline export function residualsOf<T>(job: Job, scratch: usize, acc: usize, row0: u32, rows: u32): usize {
  const r = blockResiduals<T>(job, scratch);
  const z = job.margins + row0 * paddedClasses(job) * 8;
  if (job.classes == 2) {
    const u = blockMargins<T>(job, scratch);
    differences(z, rows, u);
    residuals2<T>(job, u, 0, job.labels + row0 * 4, rows, r, acc);
    return r;
  }
  residuals<T>(job, z, job.bias, job.labels + row0 * 4, rows, r, blockExponentials<T>(job, scratch), acc);
  return r;
}

/** x̃ᵀ(softmax(Z) - Y). */
export function backward(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const r = residualsOf<f32>(job, scratch, acc, row0, rows);
  blockBackward(job, scratch, x, rows, r, residualBytes<f32>(job), acc, false);
}

export function backwardExact(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const r = residualsOf<f64>(job, scratch, acc, row0, rows);
  blockBackwardExact(job, scratch, x, rows, r, residualBytes<f64>(job), acc);
}

/** x̃ᵀ(p ∘ (u - ⟨p, u⟩)), u = x̃ Vᵀ + v; the weights and outBias hold V and v, the margins Z. */
export function hessian(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const bytes = paddedClasses(job) * 8;
  const u = blockForward(job, scratch, x, 0, rows, bytes, true);
  for (let i: u32 = 0; i < rows; i++) {
    for (let c: u32 = 0; c < bytes; c += 16) {
      const at = u + i * bytes + c;
      v128.store(at, f64x2.add(v128.load(at), v128.load(job.source + c)));
    }
  }
  const r = blockResiduals<f32>(job, scratch);
  curvatures(job, job.margins + row0 * bytes, job.bias, job.labels + row0 * 4, u, rows, r, blockExponentials<f32>(job, scratch), acc);
  blockBackward(job, scratch, x, rows, r, bytes >> 1, acc, true);
}

/** Loss and errors. */
export function evaluate(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const labels = job.labels + row0 * 4;
  if (job.classes == 2) {
    scores2(blockForwardOne(job, scratch, x, 0, rows), load<f64>(job.bias), labels, rows, acc);
    return;
  }
  const z = blockForward(job, scratch, x, 0, rows, paddedClasses(job) * 8, false);
  scores(job, z, job.bias, labels, rows, blockExponentials<f32>(job, scratch), acc);
}

/** Σ (x - x₀) and Σ (x - x₀)² per column [2, cols padded to 4], float64; x₀, the first row, lies at job.source. */
export function columnSums(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const wide = ((job.cols + 3) & ~3) * 8;
  const sums = acc + accBody(job);
  for (let i: u32 = 0; i < rows; i++) {
    const from = x + i * job.stride;
    for (let c: u32 = 0; c < wide; c += 16) {
      const v = f64x2.sub(
        f64x2.promote_low_f32x4(v128.load64_zero(from + (c >> 1))),
        f64x2.promote_low_f32x4(v128.load64_zero(job.source + (c >> 1))),
      );
      const at = sums + c;
      v128.store(at, f64x2.add(v128.load(at), v));
      v128.store(at + wide, f64x2.add(v128.load(at + wide), f64x2.mul(v, v)));
    }
  }
}

/** Σ over rows of the Euclidean norm of x. */
export function rowNorms(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const bytes = ((job.cols + 3) & ~3) * 4;
  let total: f64 = 0;
  for (let i: u32 = 0; i < rows; i++) {
    const from = x + i * job.stride;
    let sum = f64x2.splat(0);
    for (let c: u32 = 0; c < bytes; c += 8) {
      const v = f64x2.promote_low_f32x4(v128.load64_zero(from + c));
      sum = f64x2.add(sum, f64x2.mul(v, v));
    }
    total += sqrt(sum2(sum));
  }
  store<f64>(acc + ACC_LOSS, load<f64>(acc + ACC_LOSS) + total);
}
