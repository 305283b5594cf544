/** @file exp and log in plain IEEE operations, so that their bits are the same on every machine. */

const LOG2E: f64 = 1.4426950408889634;
const LN2_HIGH: f64 = 6.93147180369123816490e-01; // 33 bits, so that n·LN2_HIGH is exact
const LN2_LOW: f64 = 1.90821492927058770002e-10;
const ROUND: f64 = 6755399441055744.0; // 1.5·2^52: adding it leaves the rounded integer in the low bits

/** exp of two x ≤ 0; relative error below 4e-16; 0 where x < -708, -Infinity included. Taylor to r^13, |r| ≤ ln2/2. */
// @ts-ignore: decorator
@inline export function expNonPositive(x: v128): v128 {
  const safe = f64x2.max(x, f64x2.splat(-708.0));
  const t = f64x2.add(f64x2.mul(safe, f64x2.splat(LOG2E)), f64x2.splat(ROUND));
  const n = f64x2.sub(t, f64x2.splat(ROUND));
  const r = f64x2.sub(f64x2.sub(safe, f64x2.mul(n, f64x2.splat(LN2_HIGH))), f64x2.mul(n, f64x2.splat(LN2_LOW)));
  let q = f64x2.splat(1.0 / 6227020800.0);
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 479001600.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 39916800.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 3628800.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 362880.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 40320.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 5040.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 720.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 120.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 24.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(1.0 / 6.0));
  q = f64x2.add(f64x2.mul(q, r), f64x2.splat(0.5));
  const p = f64x2.add(f64x2.splat(1.0), f64x2.add(r, f64x2.mul(f64x2.mul(r, r), q)));
  const scale = i64x2.add(i64x2.shl(t, 52), i64x2.splat(1023 << 52));
  return v128.andnot(f64x2.mul(p, scale), f64x2.lt(x, f64x2.splat(-708.0))); // NaN stays NaN
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
