/**
 * @file The solvers of the comparison, in the settings that are worth comparing. "plain" is without preconditioning;
 * "whitened" is its counterpart for the solvers that go row by row.
 */
import { reject } from "@linear-probes/core";
import { gradientDescent, lbfgs, newtonCg, newtonCholesky, rmsprop, sag, saga, svrg } from "@linear-probes/solvers";
import type { Contestant } from "./compare-problem.ts";

export const contestants: readonly Contestant[] = [
  { name: "lbfgs", solver: lbfgs(), stochastic: false },
  { name: "lbfgs plain", solver: lbfgs({ preconditioned: false }), stochastic: false },
  { name: "newton-cg", solver: newtonCg(), stochastic: false },
  { name: "newton-cg plain", solver: newtonCg({ preconditioned: false }), stochastic: false },
  { name: "newton-cholesky", solver: newtonCholesky(), stochastic: false },
  { name: "gradient-descent", solver: gradientDescent(), stochastic: false },
  { name: "sag", solver: sag(), stochastic: true },
  { name: "saga", solver: saga(), stochastic: true },
  { name: "svrg", solver: svrg(), stochastic: true },
  { name: "sag whitened", solver: sag({ whitened: true }), stochastic: true },
  { name: "saga whitened", solver: saga({ whitened: true }), stochastic: true },
  { name: "svrg whitened", solver: svrg({ whitened: true }), stochastic: true },
  { name: "rmsprop", solver: rmsprop(), stochastic: true },
  { name: "rmsprop whitened", solver: rmsprop({ whitened: true }), stochastic: true },
];

/** Those named; all when none is named. */
export function chooseContestants(names: readonly string[]): readonly Contestant[] {
  for (const name of names) {
    if (!contestants.some((contestant) => contestant.name === name))
      reject("solver", `must be one of ${contestants.map((contestant) => contestant.name).join(", ")}`, name);
  }
  return names.length === 0 ? contestants : contestants.filter(({ name }) => names.includes(name));
}
