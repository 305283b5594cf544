/** @file The solvers of the comparison, in the settings that are worth comparing. */
import { reject } from "@linear-probes/core";
import { lbfgs, rmsprop } from "@linear-probes/solvers";
import type { Contestant } from "./compare-problem.ts";

export const contestants: readonly Contestant[] = [
  { name: "lbfgs", solver: lbfgs(), stochastic: false },
  { name: "lbfgs plain", solver: lbfgs({ preconditioned: false }), stochastic: false },
  { name: "rmsprop", solver: rmsprop(), stochastic: true },
];

/** Those named; all when none is named. */
export function chooseContestants(names: readonly string[]): readonly Contestant[] {
  for (const name of names) {
    if (!contestants.some((contestant) => contestant.name === name))
      reject("solver", `must be one of ${contestants.map((contestant) => contestant.name).join(", ")}`, name);
  }
  return names.length === 0 ? contestants : contestants.filter(({ name }) => names.includes(name));
}
