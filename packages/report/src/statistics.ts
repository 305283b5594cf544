/** @file The few statistics that figures need. */
import { reject } from "@linear-probes/core";

export function mean(values: readonly number[]): number {
  if (!(values.length > 0)) reject("mean", "needs at least one value", values.length);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The standard error of the mean, s/√n with s² over n - 1; null for a single value. */
export function standardError(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const center = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}

/** The quantile of order `p` in [0, 1], linear between order statistics (Hyndman & Fan 1996, type 7). */
export function quantile(values: readonly number[], p: number): number {
  if (!(p >= 0 && p <= 1)) reject("quantile", "order must be in [0, 1]", p);
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * p;
  const low = sorted[Math.floor(position)];
  const high = sorted[Math.ceil(position)];
  if (low === undefined || high === undefined) return reject("quantile", "needs at least one value", values.length);
  return low + (high - low) * (position - Math.floor(position));
}
