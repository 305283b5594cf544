/** @file Gradient descent with a fixed rate, enough of a solver to test the comparison with. */
import type { Iterate, Solver } from "@linear-probes/core";

interface State extends Iterate {
  readonly objective: number;
  readonly gradient: Float64Array;
}

export function descent(rate: number): Solver<State> {
  return {
    name: "descent",
    source: "Cauchy 1847",
    settings: { rate },
    init(oracle, theta) {
      const gradient = new Float64Array(theta.length);
      return { theta, gradient, objective: oracle.valueAndGradient(theta, gradient) };
    },
    step(oracle, state) {
      const theta = state.theta.map((value, at) => value - rate * (state.gradient[at] ?? 0));
      const gradient = new Float64Array(theta.length);
      return { theta, gradient, objective: oracle.valueAndGradient(theta, gradient) };
    },
  };
}
