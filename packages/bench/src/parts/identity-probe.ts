/** @file The probe that takes logits for what they are: its errors are the network's own. */
import type { LinearProbe } from "@linear-probes/core";

export function identityProbe(classes: number): LinearProbe {
  const weights = Float64Array.from({ length: classes * classes }, (_, at) => (at % (classes + 1) === 0 ? 1 : 0));
  return { classes, cols: classes, weights, bias: new Float64Array(classes) };
}
