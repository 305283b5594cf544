/**
 * @file Softmax of nine or ten classes, which most problems have: a row of margins is five vectors and stays in registers
 * from margins to residuals, which takes half the time. Row by row the operations are those of softmax.ts; the loss adds
 * its logarithms up apart, so its last bits may differ. Twice the same middle: a function cannot return five vectors.
 */
import { Job } from "./job";
import { classPairs, expNonPositive, logPositive, something, sum2 } from "./math";
import { ACC_BIAS, ACC_CURVATURE, ACC_LOSS, ACC_SLOPE, addTo } from "./accumulators";
import { mulAdd } from "./tiles";

/** Bytes of a row of margins that this file is for. */
export const FIVE_VECTORS: u32 = 80;

// @ts-ignore: decorator
@inline function greatest(a: v128, b: v128, c: v128, d: v128, e: v128): f64 {
  const tops = f64x2.pmax(f64x2.pmax(f64x2.pmax(f64x2.pmax(a, b), c), d), e);
  return max(f64x2.extract_lane(tops, 0), f64x2.extract_lane(tops, 1));
}

// @ts-ignore: decorator
@inline function sumOf(a: v128, b: v128, c: v128, d: v128, e: v128): f64 {
  return sum2(f64x2.add(f64x2.add(f64x2.add(f64x2.add(a, b), c), d), e));
}

/** (e - sum where the class is the label) / sum → r, and added to the sums. */
// @ts-ignore: decorator
@inline function storeResiduals(at: u32, e: v128, label: v128, sum: v128, inverse: v128, r: usize, sums: usize, wide: bool): void {
  const own = v128.and(f64x2.eq(label, classPairs(at)), sum);
  const v = f64x2.mul(f64x2.sub(e, own), inverse);
  if (wide) v128.store(r + at * 16, v);
  else v128.store64_lane(r + at * 8, f32x4.demote_f64x2_zero(something(v)), 0);
  v128.store(sums + at * 16, f64x2.add(v128.load(sums + at * 16), v));
}

/** `residuals` of softmax.ts. */
export function residuals5<T>(z: usize, bias: usize, labels: usize, rows: u32, r: usize, acc: usize): void {
  const wide = sizeof<T>() == 8;
  const sums = acc + ACC_BIAS;
  let loss: f64 = 0;
  let logs: f64 = 0;
  let product: f64 = 1;
  for (let i: u32 = 0; i < rows; i++, z += FIVE_VECTORS, r += 10 * sizeof<T>(), labels += 4) {
    const y = load<u32>(labels);
    let e0 = f64x2.add(v128.load(z), v128.load(bias));
    let e1 = f64x2.add(v128.load(z, 16), v128.load(bias, 16));
    let e2 = f64x2.add(v128.load(z, 32), v128.load(bias, 32));
    let e3 = f64x2.add(v128.load(z, 48), v128.load(bias, 48));
    let e4 = f64x2.add(v128.load(z, 64), v128.load(bias, 64));
    const first = greatest(e0, e1, e2, e3, e4);
    loss -= load<f64>(z + y * 8) + load<f64>(bias + y * 8) - first;
    const top = f64x2.splat(first);
    e0 = expNonPositive(f64x2.sub(e0, top));
    e1 = expNonPositive(f64x2.sub(e1, top));
    e2 = expNonPositive(f64x2.sub(e2, top));
    e3 = expNonPositive(f64x2.sub(e3, top));
    e4 = expNonPositive(f64x2.sub(e4, top));
    const whole = sumOf(e0, e1, e2, e3, e4);
    product *= whole;
    if ((i & 31) == 31) {
      logs += logPositive(product);
      product = 1;
    }
    const sum = f64x2.splat(whole);
    const inverse = f64x2.splat(1.0 / whole);
    const label = f64x2.splat(<f64>y);
    storeResiduals(0, e0, label, sum, inverse, r, sums, wide);
    storeResiduals(1, e1, label, sum, inverse, r, sums, wide);
    storeResiduals(2, e2, label, sum, inverse, r, sums, wide);
    storeResiduals(3, e3, label, sum, inverse, r, sums, wide);
    storeResiduals(4, e4, label, sum, inverse, r, sums, wide);
  }
  addTo(acc + ACC_LOSS, loss + logs + logPositive(product));
}

/** `lines` of softmax.ts without bias. */
export function lines5(job: Job, z: usize, d: usize, bias: usize, labels: usize, rows: u32, acc: usize): void {
  const t = f64x2.splat(job.t);
  let loss: f64 = 0;
  let logs: f64 = 0;
  let product: f64 = 1;
  let slope: f64 = 0;
  let curvature: f64 = 0;
  for (let i: u32 = 0; i < rows; i++, z += FIVE_VECTORS, d += FIVE_VECTORS, labels += 4) {
    const y = load<u32>(labels) * 8;
    let e0 = f64x2.add(f64x2.add(v128.load(z), f64x2.mul(t, v128.load(d))), v128.load(bias));
    let e1 = f64x2.add(f64x2.add(v128.load(z, 16), f64x2.mul(t, v128.load(d, 16))), v128.load(bias, 16));
    let e2 = f64x2.add(f64x2.add(v128.load(z, 32), f64x2.mul(t, v128.load(d, 32))), v128.load(bias, 32));
    let e3 = f64x2.add(f64x2.add(v128.load(z, 48), f64x2.mul(t, v128.load(d, 48))), v128.load(bias, 48));
    let e4 = f64x2.add(f64x2.add(v128.load(z, 64), f64x2.mul(t, v128.load(d, 64))), v128.load(bias, 64));
    const first = greatest(e0, e1, e2, e3, e4);
    loss -= load<f64>(z + y) + job.t * load<f64>(d + y) + load<f64>(bias + y) - first;
    const top = f64x2.splat(first);
    e0 = expNonPositive(f64x2.sub(e0, top));
    e1 = expNonPositive(f64x2.sub(e1, top));
    e2 = expNonPositive(f64x2.sub(e2, top));
    e3 = expNonPositive(f64x2.sub(e3, top));
    e4 = expNonPositive(f64x2.sub(e4, top));
    const whole = sumOf(e0, e1, e2, e3, e4);
    product *= whole;
    if ((i & 31) == 31) {
      logs += logPositive(product);
      product = 1;
    }
    // Moments about the label's own direction: small where the label has nearly all the probability.
    const own = v128.load_splat<f64>(d + y);
    const d0 = f64x2.sub(v128.load(d), own);
    const d1 = f64x2.sub(v128.load(d, 16), own);
    const d2 = f64x2.sub(v128.load(d, 32), own);
    const d3 = f64x2.sub(v128.load(d, 48), own);
    const d4 = f64x2.sub(v128.load(d, 64), own);
    e0 = f64x2.mul(e0, d0);
    e1 = f64x2.mul(e1, d1);
    e2 = f64x2.mul(e2, d2);
    e3 = f64x2.mul(e3, d3);
    e4 = f64x2.mul(e4, d4);
    const s2 = sum2(mulAdd<f64>(mulAdd<f64>(mulAdd<f64>(mulAdd<f64>(f64x2.mul(e0, d0), e1, d1), e2, d2), e3, d3), e4, d4));
    const inverse = 1.0 / whole;
    const mean = sumOf(e0, e1, e2, e3, e4) * inverse;
    slope += mean;
    curvature += s2 * inverse - mean * mean;
  }
  addTo(acc + ACC_LOSS, loss + logs + logPositive(product));
  addTo(acc + ACC_SLOPE, slope);
  addTo(acc + ACC_CURVATURE, curvature);
}
