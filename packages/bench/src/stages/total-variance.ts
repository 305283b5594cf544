/** @file What a penalty is relative to, where one strength is to mean the same at every tap: l2 = strength · Σⱼ var(xⱼ). */
import type { Features } from "@linear-probes/core";

/** Σⱼ var(xⱼ), 1/n. */
export function totalVariance(features: Features): number {
  return features.moments().variance.reduce((sum, variance) => sum + variance, 0);
}
