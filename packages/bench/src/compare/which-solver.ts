/** @file Which solver when: the quickest to a target on each problem and penalty, with what the problem is like. */
import type { ProblemRow } from "./comparison-rows.ts";
import { conditionAtZero } from "./spectrum.ts";
import type { TimeToTarget } from "./summarize.ts";
import { groupBy } from "./summarize.ts";

export interface Choice {
  readonly problem: string;
  readonly l2: number;
  readonly target: number;
  readonly rows: number;
  readonly cols: number;
  readonly classes: number;
  /** Of the Hessian at W = 0; without preconditioning this is what makes a problem hard. */
  readonly condition: number;
  readonly best: string;
  readonly cost: number; // passes or seconds of the best
  readonly second: string | null;
  /** Cost of the second over that of the best. */
  readonly lead: number | null;
}

/** Problems where no solver reached the target are left out. */
export function whichSolver(
  problems: readonly ProblemRow[],
  times: readonly TimeToTarget[],
  cost: "passes" | "seconds",
): readonly Choice[] {
  const problemOf = new Map(problems.map((row) => [row.problem, row]));
  const groups = groupBy(times, ({ problem, l2, target }) => `${problem} ${l2} ${target}`);
  return [...groups.values()].flatMap((group) => {
    const ranked = group
      .flatMap((time) => (time[cost] === null ? [] : [{ ...time, cost: time[cost] }]))
      .toSorted((a, b) => a.cost - b.cost);
    const [best, second] = ranked;
    const facts = best && problemOf.get(best.problem);
    if (best === undefined || facts === undefined) return [];
    const { problem, l2, target } = best;
    const { rows, cols, classes, varianceMost: most, varianceLeast: least } = facts;
    return [
      {
        problem,
        l2,
        target,
        rows,
        cols,
        classes,
        condition: conditionAtZero({ most, least }, classes, l2),
        best: best.solver,
        cost: best.cost,
        second: second?.solver ?? null,
        lead: second === undefined ? null : second.cost / best.cost,
      },
    ];
  });
}
