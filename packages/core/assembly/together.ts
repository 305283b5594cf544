/**
 * @file Products of several probes with the same rows in one traversal of X: each strip is decoded once, and every
 * member's product reads the packed copy, in the order in which it would alone, so that the bits are the same. The
 * members are jobs of their own, `job.batch` of them one after another at `job.source`; a member's sums lie as far from
 * the partition's as its `acc` from the whole's. Its margins, residuals and exponentials follow those of the one before.
 */
import { backwardStrip } from "./backward";
import { passMargins, residualBytes, residualsOf } from "./blocks";
import { decodeForward, forwardGroups } from "./forward";
import { Job, paddedClasses } from "./job";
import { accBody } from "./accumulators";
import { residuals } from "./softmax";
import { blockExponentials, blockMargins, blockResiduals, decode, lastStrip, marginBytes, STRIP, stripAt, stripPanels, stripStride } from "./strips";
import { residuals2 } from "./two-classes";

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

/** Residuals of a member from the block's margins, passed on as `fused` does. */
function residualsOfMember(one: Job, own: usize, acc: usize, row0: u32, rows: u32): void {
  const z = blockMargins<f32>(one, own);
  const r = blockResiduals<f32>(one, own);
  const labels = one.labels + row0 * 4;
  const at = row0 * paddedClasses(one) * 8;
  passMargins(one, z, rows, one.direction ? one.direction + at : 0, one.margins + at);
  if (one.classes == 2) residuals2<f32>(one, z, load<f64>(one.bias), labels, rows, r, acc);
  else residuals<f32>(one, z, one.bias, labels, rows, r, blockExponentials<f32>(one, own), acc);
}

/** Loss, gradient and margins of each member. */
export function fusedTogether(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  const stride = stripStride<f32>(job);
  let own = scratch;
  for (let i: u32 = 0; i < job.batch; i++) {
    const one = member(job, i);
    memory.fill(blockMargins<f32>(one, own), 0, (rows + 3) * marginBytes(one));
    own += blockBytes(one);
  }
  for (let p: u32 = 0; p <= lastStrip<f32>(job); p += STRIP) {
    const count = stripPanels<f32>(job, p);
    own = scratch;
    for (let i: u32 = 0; i < job.batch; i++) {
      const one = member(job, i);
      const z = blockMargins<f32>(one, own);
      const strip = stripAt(job, scratch, p);
      if (i == 0) decodeForward(one, x, 0, rows, p, count, strip, stride, z, marginBytes(one));
      else forwardGroups<f32>(one, 0, strip, stride, rows, p, count, z, marginBytes(one));
      own += blockBytes(one);
    }
  }
  own = scratch;
  for (let i: u32 = 0; i < job.batch; i++) {
    const one = member(job, i);
    residualsOfMember(one, own, acc + (one.acc - job.acc), row0, rows);
    own += blockBytes(one);
  }
  backwardOfMembers(job, scratch, acc, x, rows, true);
}

/** x̃ᵀ(softmax(Z) - Y) of each member. */
export function backwardTogether(job: Job, scratch: usize, acc: usize, x: usize, row0: u32, rows: u32): void {
  let own = scratch;
  for (let i: u32 = 0; i < job.batch; i++) {
    const one = member(job, i);
    residualsOf<f32>(one, own, acc + (one.acc - job.acc), row0, rows);
    own += blockBytes(one);
  }
  backwardOfMembers(job, scratch, acc, x, rows, false);
}

/** Adds x̃ᵀ R of each member to its tiles; with `kept` all strips lie in the scratch. */
function backwardOfMembers(job: Job, scratch: usize, acc: usize, x: usize, rows: u32, kept: bool): void {
  const stride = stripStride<f32>(job);
  for (let p: i32 = lastStrip<f32>(job); p >= 0; p -= STRIP) {
    const count = stripPanels<f32>(job, p);
    const strip = kept ? stripAt(job, scratch, p) : scratch;
    if (!kept) decode(job, x, 0, rows, p, count, strip, stride);
    let own = scratch;
    for (let i: u32 = 0; i < job.batch; i++) {
      const one = member(job, i);
      const tiles = acc + (one.acc - job.acc) + accBody(one);
      backwardStrip<f32>(one, strip, stride, rows, p, count, blockResiduals<f32>(one, own), residualBytes<f32>(one), tiles);
      own += blockBytes(one);
    }
  }
}
