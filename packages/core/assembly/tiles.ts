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

// @ts-ignore: decorator
@inline export function mulAdd<T>(sum: v128, a: v128, b: v128): v128 {
  return v128.add<T>(sum, v128.mul<T>(a, b));
}
