/**
 * @file Steepest descent with an exact line search (Cauchy 1847; Nocedal & Wright 2006, §3.3): the floor that other
 * solvers are measured against. Its step size is the exact minimum along -∇F, found on the margins without a pass.
 */
import type { Solver } from "@linear-probes/core";
import { descend, pointAt, releasePoint, type Point } from "../parts/descent.ts";

export interface GradientDescentSettings {
  readonly accuracy?: number; // of the line search: |φ'(t)| / |φ'(0)|
}

interface GradientDescentState extends Point {
  readonly stepSize: number; // the last; the next search begins there
}

export function gradientDescent({ accuracy = 0.1 }: GradientDescentSettings = {}): Solver<GradientDescentState> {
  return {
    name: "gradient-descent",
    source: "Cauchy (1847); Nocedal & Wright (2006), section 3.3",
    settings: { accuracy },
    init: (oracle, start) => ({ ...pointAt(oracle, start), stepSize: 1 }),
    step(oracle, state) {
      const delta = state.gradient.map((value) => -value);
      const { point, least } = descend(oracle, state, delta, accuracy, state.stepSize);
      return { ...point, stepSize: least };
    },
    release: releasePoint,
  };
}
