/**
 * @file Products of several probes with the same rows in one traversal of X: each strip is decoded once, and every
 * member's product reads the packed copy, in the order in which it would alone, so that the bits are the same. The
 * members are jobs of their own, `job.batch` of them one after another at `job.source`; a member's sums lie as far from
 * the partition's as its `acc` from the whole's. Its margins, residuals and exponentials follow those of the one before.
 */
import { backwardStrip } from "./backward";
import { residualBytes, residualsOf, storeMargins } from "./blocks";
import { decodeForward, forwardGroups } from "./forward";
import { Job, paddedClasses } from "./job";
import { accBody } from "./accumulators";
import { blockMargins, blockResiduals, decode, lastStrip, STRIP, stripPanels, stripStride } from "./strips";

/** Bytes from member to member. */
export function jobBytes(): u32 {
  return (offsetof<Job>() + 15) & ~15;
}

// @ts-ignore: decorator
@inline function member(job: Job, i: u32): Job {
  return changetype<Job>(job.source + i * jobBytes());
}

/** What a member takes of a thread's scratch beside the strip. */
// @ts-ignore: decorator
@inline function blockBytes(job: Job): u32 {
  return 3 * (job.blockRows + 3) * paddedClasses(job) * 8;
}

/** Z ← x̃ Wᵀ + b of each member. */
export function forwardTogether(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const stride = stripStride<f32>(job);
  let own = scratch;
  for (let i: u32 = 0; i < job.batch; i++) {
    const one = member(job, i);
    memory.fill(blockMargins<f32>(one, own), 0, (rows + 3) * paddedClasses(one) * 8);
    own += blockBytes(one);
  }
  for (let p: u32 = 0; p <= lastStrip<f32>(job); p += STRIP) {
    const count = stripPanels<f32>(job, p);
    own = scratch;
    for (let i: u32 = 0; i < job.batch; i++) {
      const one = member(job, i);
      const z = blockMargins<f32>(one, own);
      const zs = paddedClasses(one) * 8;
      if (i == 0) decodeForward(one, x, 0, rows, p, count, scratch, stride, z, zs);
      else forwardGroups<f32>(one, 0, scratch, stride, rows, p, count, z, zs);
      own += blockBytes(one);
    }
  }
  own = scratch;
  for (let i: u32 = 0; i < job.batch; i++) {
    const one = member(job, i);
    storeMargins(one, blockMargins<f32>(one, own), row0, rows);
    own += blockBytes(one);
  }
}

/** x̃ᵀ(softmax(Z) - Y) of each member. */
export function backwardTogether(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const stride = stripStride<f32>(job);
  let own = scratch;
  for (let i: u32 = 0; i < job.batch; i++) {
    const one = member(job, i);
    residualsOf<f32>(one, own, acc + (one.acc - job.acc), row0, rows);
    own += blockBytes(one);
  }
  for (let p: i32 = lastStrip<f32>(job); p >= 0; p -= STRIP) {
    const count = stripPanels<f32>(job, p);
    decode(job, x, 0, rows, p, count, scratch, stride);
    own = scratch;
    for (let i: u32 = 0; i < job.batch; i++) {
      const one = member(job, i);
      const tiles = acc + (one.acc - job.acc) + accBody(one);
      backwardStrip<f32>(one, scratch, stride, rows, p, count, blockResiduals<f32>(one, own), residualBytes<f32>(one), tiles);
      own += blockBytes(one);
    }
  }
}
