/**
 * @file Exact line search: the root of φ'(t), φ(t) = F(θ + tδ), by Newton's method kept inside a bracket by bisection
 * (Press et al. 2007, §9.4). φ is convex, and each trial costs O(nk) on the margins: no pass over X.
 */
import type { Line, LineValues, Oracle } from "@linear-probes/core";

const MAX_TRIALS = 40;

/** t with |φ'(t)| ≤ accuracy·|φ'(0)|, if one can be found. `slope` is φ'(0) < 0; `firstTrial` a guess. */
export function lineSearch(
  oracle: Oracle,
  line: Line,
  slope: number,
  accuracy: number,
  firstTrial: number,
): number | undefined {
  let low = 0; // φ'(low) < 0
  let high = Infinity; // φ'(high) > 0
  let trial = firstTrial;
  for (let count = 0; count < MAX_TRIALS; count++) {
    const values = oracle.along(line, trial);
    if (Math.abs(values.slope) <= accuracy * Math.abs(slope)) return trial;
    if (values.slope > 0 || !Number.isFinite(values.slope)) high = trial;
    else low = trial;
    trial = nextTrial(trial, values, low, high);
    if (!(trial > 0 && trial < Number.MAX_VALUE)) return undefined;
  }
  return undefined;
}

function nextTrial(t: number, { slope, curvature }: LineValues, low: number, high: number): number {
  const newton = t - slope / curvature;
  // Where φ is nearly straight a Newton step overshoots wildly: grow tenfold at most.
  if (high === Infinity) return newton > low ? Math.min(newton, 10 * t) : 2 * t;
  return newton > low && newton < high ? newton : (low + high) / 2;
}
