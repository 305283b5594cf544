/**
 * @file An accumulator block of a partition: four float64 (loss, errors or slope, curvature, spare), then Σ residual [ZP],
 * then whatever the job sums.
 */
import { Job, paddedClasses } from "./job";

export const ACC_LOSS: u32 = 0;
export const ACC_ERRORS: u32 = 8;
export const ACC_SLOPE: u32 = 8;
export const ACC_CURVATURE: u32 = 16;
export const ACC_BIAS: u32 = 32;

// @ts-ignore: decorator
@inline export function addTo(at: usize, v: f64): void {
  store<f64>(at, load<f64>(at) + v);
}

/** First byte after the head and Σ residual. */
// @ts-ignore: decorator
@inline export function accBody(job: Job): u32 {
  return ACC_BIAS + paddedClasses(job) * 8;
}
