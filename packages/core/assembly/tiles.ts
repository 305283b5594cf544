/**
 * @file What the register tiles of forward.ts and backward.ts share. A tile is three rows or three vectors by up to
 * three classes, nine accumulators at most, so that nothing spills from sixteen registers; in float32 (T = f32) and
 * float64 (T = f64).
 *
 * Weights are packed class group by class group (three classes, the last group fewer), within a group vector by
 * vector, class by class. Gradients are float64 tiles: group by group, panel by panel, class by class.
 */

/** The number of classes that a tile handles, as a type, so that each number has code of its own. */
@unmanaged export class One { a: u8; }
@unmanaged export class Two { a: u8; b: u8; }
@unmanaged export class Three { a: u8; b: u8; c: u8; }

// @ts-ignore: decorator
@inline export function size<N>(): u32 {
  return <u32>offsetof<N>();
}

/**
 * sum + a·b, rounded once where the build has relaxed SIMD and the processor fuses (packages/core/src/arithmetic.ts makes
 * sure of the second), else twice.
 */
// @ts-ignore: decorator
@inline export function mulAdd<T>(sum: v128, a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<T>(a, b, sum);
  return v128.add<T>(sum, v128.mul<T>(a, b));
}

/** Whether float32 and float64 sums of products are rounded once: (1 + ε)² - (1 + 2ε) is ε² then, else nothing. */
export function roundsOnce(): bool {
  const narrow = f32x4.splat(1.0 + 2.0 ** -23);
  const wide = f64x2.splat(1.0 + 2.0 ** -52);
  const low = mulAdd<f32>(f32x4.splat(-1.0 - 2.0 ** -22), narrow, narrow);
  const high = mulAdd<f64>(f64x2.splat(-1.0 - 2.0 ** -51), wide, wide);
  return f32x4.extract_lane(low, 0) == <f32>2.0 ** -46 && f64x2.extract_lane(high, 0) == 2.0 ** -104;
}
