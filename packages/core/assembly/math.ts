/** @file exp and log in IEEE operations, so that their bits are the same on every machine of the same arithmetic. */

import { mulAdd } from "./tiles";

const LOG2E: f64 = 1.4426950408889634;
const LN2_HIGH: f64 = 6.93147180369123816490e-01; // 33 bits, so that n·LN2_HIGH is exact
const LN2_LOW: f64 = 1.90821492927058770002e-10;
const ROUND: f64 = 6755399441055744.0; // 1.5·2^52: adding it leaves the rounded integer in the low bits

/**
 * Where the constants of exp lie, each twice for both lanes. In a loop, engines build a vector constant from integer
 * registers anew each time, which costs more than the arithmetic; a load is one instruction.
 */
const TABLE: usize = 512;
const ORDER: u32 = 13; // of the Taylor polynomial, |r| ≤ ln2/2: the rest is below 2e-17

// @ts-ignore: decorator
@inline function constant(index: usize, value: f64): void {
  v128.store(TABLE + index * 16, f64x2.splat(value));
}

/** Writes the constants; once for each memory, before anything else. */
export function prepare(): void {
  constant(0, LOG2E);
  constant(1, ROUND);
  constant(2, LN2_HIGH);
  constant(3, LN2_LOW);
  constant(4, -708.0);
  v128.store(TABLE + 5 * 16, i64x2.splat(1023 << 52));
  let factorial: f64 = 1;
  for (let i: u32 = 0; i <= ORDER; i++) {
    factorial *= max<f64>(1, i);
    constant(6 + i, 1.0 / factorial);
  }
  constant(7 + ORDER, NOTHING);
  for (let i: u32 = 0; i < 5; i++) {
    v128.store(TABLE + (8 + ORDER + i) * 16, f64x2.add(f64x2(0, 1), f64x2.splat(<f64>(2 * i))));
  }
}

/** The numbers 2i and 2i + 1. */
// @ts-ignore: decorator
@inline export function classPairs(i: u32): v128 {
  return v128.load(TABLE + (8 + ORDER + i) * 16);
}

/** Residuals below this are nothing: as float32 they would be subnormal, which processors multiply a hundred times slower. */
export const NOTHING: f64 = 8.271806125530277e-25; // 2^-80

/** v with what is below NOTHING set to zero. */
// @ts-ignore: decorator
@inline export function something(v: v128): v128 {
  return v128.andnot(v, f64x2.lt(f64x2.abs(v), v128.load(TABLE + (7 + ORDER) * 16))); // NaN stays NaN
}

/** c[order] + c[order+1] r. */
// @ts-ignore: decorator
@inline function pair(r: v128, order: usize): v128 {
  return mulAdd<f64>(v128.load(TABLE + (6 + order) * 16), v128.load(TABLE + (7 + order) * 16), r);
}

// @ts-ignore: decorator
@inline function plus(a: v128, b: v128, power: v128): v128 {
  return mulAdd<f64>(a, b, power);
}

/** exp of two x ≤ 0; relative error below 4e-16; 0 where x < -708, -Infinity included. */
// @ts-ignore: decorator
@inline export function expNonPositive(x: v128): v128 {
  const least = v128.load(TABLE + 4 * 16);
  const round = v128.load(TABLE + 16);
  const safe = f64x2.pmax(x, least); // NaN stays NaN
  const t = f64x2.add(f64x2.mul(safe, v128.load(TABLE)), round);
  const n = f64x2.sub(t, round);
  const high = f64x2.sub(safe, f64x2.mul(n, v128.load(TABLE + 2 * 16)));
  const r = f64x2.sub(high, f64x2.mul(n, v128.load(TABLE + 3 * 16)));
  // Estrin's order: short chains, so that consecutive calls overlap.
  const r2 = f64x2.mul(r, r);
  const r4 = f64x2.mul(r2, r2);
  const top = plus(pair(r, 10), pair(r, 12), r2);
  const middle = plus(pair(r, 6), pair(r, 8), r2);
  const low = plus(pair(r, 2), pair(r, 4), r2);
  const q = plus(low, plus(middle, top, r4), r4);
  const p = f64x2.add(v128.load(TABLE + 6 * 16), mulAdd<f64>(r, r2, q));
  const scale = i64x2.add(i64x2.shl(t, 52), v128.load(TABLE + 5 * 16));
  return v128.andnot(f64x2.mul(p, scale), f64x2.lt(x, least)); // NaN stays NaN
}

/** Natural logarithm of a positive normal number; fdlibm's e_log.c (Sun Microsystems 1993), relative error < 1 ulp. */
export function logPositive(x: f64): f64 {
  if (!(x < Infinity)) return x; // NaN stays NaN
  let bits = reinterpret<u64>(x);
  // Bring the fraction to [sqrt(1/2), sqrt(2)).
  bits += 0x3ff0000000000000 - 0x3fe6a09e667f3bcd;
  const e = <f64>(<i32>(bits >> 52) - 1023);
  const m = reinterpret<f64>((bits & 0x000fffffffffffff) + 0x3fe6a09e667f3bcd);
  const f = m - 1.0;
  const s = f / (2.0 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (3.999999999940941908e-1 + w * (2.222219843214978396e-1 + w * 1.531383769920937332e-1));
  const odd =
    z *
    (6.666666666666735130e-1 + w * (2.857142874366239149e-1 + w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)));
  const half = 0.5 * f * f;
  return e * LN2_HIGH - (half - (s * (half + even + odd) + e * LN2_LOW) - f);
}

/** Sum of the two lanes, low first. */
// @ts-ignore: decorator
@inline export function sum2(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}
