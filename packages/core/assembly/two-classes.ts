/** @file The work of softmax.ts for two classes, on the difference u = z0 - z1 alone, two rows at once. */
import { ACC_BIAS, ACC_CURVATURE, ACC_ERRORS, ACC_LOSS, ACC_SLOPE, addTo } from "./accumulators";
import { Job } from "./job";
import { expNonPositive, logPositive, sum2 } from "./math";
import { storeResidual } from "./softmax";

/** The halves (low: z0 - z1 of row i, of row i + 1) of two rows of two margins. */
// @ts-ignore: decorator
@inline function difference(a: v128, b: v128): v128 {
  return f64x2.sub(v128.shuffle<f64>(a, b, 0, 2), v128.shuffle<f64>(a, b, 1, 3));
}

/** All ones in the lanes whose label is class 0. */
// @ts-ignore: decorator
@inline function labelIsFirst(labels: usize): v128 {
  return i64x2.eq(i64x2.extend_low_i32x4_s(v128.load64_zero(labels)), i64x2.splat(0));
}

/** All ones in the lanes of rows that exist. */
// @ts-ignore: decorator
@inline function existing(i: u32, rows: u32): v128 {
  return v128.or(i64x2(-1, 0), i64x2.splat(i + 1 < rows ? -1 : 0));
}

/**
 * The same for two classes, two rows at once, of u = z0 - z1: `u` [rows] already the difference, `bias` one number,
 * R [rows] the residual of class 0.
 */
export function residuals2<T>(job: Job, u: usize, bias: f64, labels: usize, rows: u32, r: usize, acc: usize): void {
  let loss = f64x2.splat(0);
  let product = f64x2.splat(1);
  let biasSum = f64x2.splat(0);
  let logs: f64 = 0;
  const one = f64x2.splat(1);
  for (let i: u32 = 0; i < rows; i += 2) {
    const v = f64x2.add(v128.load(u + i * 8), f64x2.splat(bias));
    const first = labelIsFirst(labels + i * 4);
    const here = existing(i, rows);
    const e = v128.and(expNonPositive(f64x2.neg(f64x2.abs(v))), here);
    const sum = f64x2.add(one, e);
    product = f64x2.mul(product, sum);
    if ((i & 62) == 62) {
      logs += logPositive(f64x2.extract_lane(product, 0)) + logPositive(f64x2.extract_lane(product, 1));
      product = one;
    }
    // max(0, -margin): |v| where the label lost.
    const positive = f64x2.gt(v, f64x2.splat(0));
    const lost = v128.and(v128.xor(positive, first), here);
    loss = f64x2.add(loss, v128.and(f64x2.abs(v), lost));
    // residual of class 0: p0 for the other label, -p1 for its own; |residual| is e/(1+e) where won, 1/(1+e) where lost.
    const size = f64x2.div(v128.bitselect(one, e, v128.xor(positive, first)), sum);
    const residual = v128.and(v128.bitselect(f64x2.neg(size), size, first), here);
    biasSum = f64x2.add(biasSum, residual);
    storeResidual<T>(r + i * sizeof<T>(), residual);
  }
  logs += logPositive(f64x2.extract_lane(product, 0)) + logPositive(f64x2.extract_lane(product, 1));
  addTo(acc + ACC_LOSS, sum2(loss) + logs);
  addTo(acc + ACC_BIAS, sum2(biasSum));
  addTo(acc + ACC_BIAS + 8, -sum2(biasSum));
}

/** u [rows] ← z0 - z1 for two classes. Reads and writes whole pairs of rows. */
export function differences(z: usize, rows: u32, u: usize): void {
  for (let i: u32 = 0; i < rows; i += 2) v128.store(u + i * 8, difference(v128.load(z + i * 16), v128.load(z + i * 16, 16)));
}

/** u [rows] += z0 - z1. Reads and writes whole pairs of rows. */
export function addDifferences(z: usize, rows: u32, u: usize): void {
  for (let i: u32 = 0; i < rows; i += 2) {
    const at = u + i * 8;
    v128.store(at, f64x2.add(v128.load(at), difference(v128.load(z + i * 16), v128.load(z + i * 16, 16))));
  }
}

/** z [rows, 2] ← (u + bias, 0). */
export function keepDifferences(u: usize, bias: f64, rows: u32, z: usize): void {
  for (let i: u32 = 0; i < rows; i++) {
    v128.store(z + i * 16, f64x2.replace_lane(f64x2.splat(0), 0, load<f64>(u + i * 8) + bias));
  }
}

/** Adds loss and errors for two classes, of u = z0 - z1 + bias. */
export function scores2(u: usize, bias: f64, labels: usize, rows: u32, acc: usize): void {
  const one = f64x2.splat(1);
  let loss = f64x2.splat(0);
  let errors = i64x2.splat(0);
  let product = one;
  let logs: f64 = 0;
  for (let i: u32 = 0; i < rows; i += 2) {
    const v = f64x2.add(v128.load(u + i * 8), f64x2.splat(bias));
    const first = labelIsFirst(labels + i * 4);
    const here = existing(i, rows);
    product = f64x2.mul(product, f64x2.add(one, v128.and(expNonPositive(f64x2.neg(f64x2.abs(v))), here)));
    if ((i & 62) == 62) {
      logs += logPositive(f64x2.extract_lane(product, 0)) + logPositive(f64x2.extract_lane(product, 1));
      product = one;
    }
    // A tie goes to class 0. Where the label lost the loss has |v| more; at a tie that is 0.
    const wrong = v128.and(v128.xor(f64x2.ge(v, f64x2.splat(0)), first), here);
    errors = i64x2.sub(errors, wrong);
    loss = f64x2.add(loss, v128.and(f64x2.abs(v), wrong));
  }
  logs += logPositive(f64x2.extract_lane(product, 0)) + logPositive(f64x2.extract_lane(product, 1));
  addTo(acc + ACC_LOSS, sum2(loss) + logs);
  addTo(acc + ACC_ERRORS, <f64>(i64x2.extract_lane(errors, 0) + i64x2.extract_lane(errors, 1)));
}

/** The same for two classes, two rows at once. */
export function lines2(job: Job, z: usize, d: usize, labels: usize, rows: u32, acc: usize): void {
  const t = f64x2.splat(job.t);
  const one = f64x2.splat(1);
  let loss = f64x2.splat(0);
  let product = one;
  let logs: f64 = 0;
  let slope = f64x2.splat(0);
  let curvature = f64x2.splat(0);
  for (let i: u32 = 0; i < rows; i += 2) {
    const at = i * 16;
    const delta = difference(v128.load(d + at), v128.load(d + at, 16));
    const v = f64x2.add(difference(v128.load(z + at), v128.load(z + at, 16)), f64x2.mul(t, delta));
    const first = labelIsFirst(labels + i * 4);
    const here = existing(i, rows);
    const e = v128.and(expNonPositive(f64x2.neg(f64x2.abs(v))), here);
    const sum = f64x2.add(one, e);
    product = f64x2.mul(product, sum);
    if ((i & 62) == 62) {
      logs += logPositive(f64x2.extract_lane(product, 0)) + logPositive(f64x2.extract_lane(product, 1));
      product = one;
    }
    const losing = v128.xor(f64x2.gt(v, f64x2.splat(0)), first);
    loss = f64x2.add(loss, v128.and(f64x2.abs(v), v128.and(losing, here)));
    const size = f64x2.div(v128.bitselect(one, e, losing), sum); // 1 - p of the label
    const residual = v128.and(v128.bitselect(f64x2.neg(size), size, first), here);
    slope = f64x2.add(slope, v128.and(f64x2.mul(residual, delta), here));
    const spread = f64x2.div(e, f64x2.mul(sum, sum)); // p0 p1
    curvature = f64x2.add(curvature, v128.and(f64x2.mul(spread, f64x2.mul(delta, delta)), here));
  }
  logs += logPositive(f64x2.extract_lane(product, 0)) + logPositive(f64x2.extract_lane(product, 1));
  addTo(acc + ACC_LOSS, sum2(loss) + logs);
  addTo(acc + ACC_SLOPE, sum2(slope));
  addTo(acc + ACC_CURVATURE, sum2(curvature));
}
