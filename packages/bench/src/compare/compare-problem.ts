/** @file All runs on one problem: every penalty, solver and seed, after fits that nobody counts. */
import { certifiedGap, fit, passBudget, type Scaling, sha256, type Solver } from "@linear-probes/core";
import type { ComparisonRow, ProblemRow, RunCells, RunResult, TimingRow } from "./comparison-rows.ts";
import { type Budgets, compareRun } from "./compare-run.ts";
import { type CompareProblem, type LoadedProblem, type ProblemContext, releaseProblem } from "./problem.ts";
import { spectrumOf } from "./spectrum.ts";
import type { Clock } from "./stopwatch.ts";

/** A solver with its settings, and how often it is run: stochastic ones from several seeds, the others once. */
export interface Contestant {
  readonly name: string; // of the solver, and of what is unusual in its settings
  readonly solver: Solver;
  readonly stochastic: boolean;
}

export interface ComparisonPlan {
  readonly problem: CompareProblem;
  readonly l2: readonly number[];
  readonly contestants: readonly Contestant[];
  /** Seeds of stochastic solvers; a deterministic solver's only run has the first. */
  readonly seeds: readonly number[];
  readonly budgets: Budgets;
  /** The passes of stochastic solvers, when they are to have fewer. */
  readonly stochasticPasses?: number;
}

/** All that a run's result depends on, besides the code and the seed of the whole. */
interface RunFacts {
  readonly cells: RunCells;
  readonly solver: Solver;
  readonly scaling: Scaling;
  readonly budgets: Budgets;
  readonly data: string; // hash of the training features and the dataset
}

export interface ComparisonContext extends ProblemContext {
  readonly clock: Clock;
  readonly stopped?: () => boolean;
  /** Looks a run up before it is made, and keeps it after. Default: every run is made. */
  readonly remember?: (run: RunFacts, make: () => Promise<RunResult>) => Promise<RunResult>;
}

export interface ComparisonResult {
  /** Absent when the problem cannot be had. */
  readonly dataset?: LoadedProblem["dataset"];
  readonly rows: readonly ComparisonRow[];
  readonly timings: readonly TimingRow[];
}

/** Ends early, with what is done, when `stopped`. */
export async function compareProblem(plan: ComparisonPlan, context: ComparisonContext): Promise<ComparisonResult> {
  const { problem } = plan;
  const { runtime, log, stream, clock, stopped = () => false, remember = (_run, make) => make() } = context;
  const loaded = await problem.load({ ...context, stream: stream.split(problem.name) });
  if ("unavailable" in loaded) {
    return { rows: [{ kind: "unavailable", problem: problem.name, reason: loaded.unavailable }], timings: [] };
  }
  const rows: ComparisonRow[] = [problemRow(problem, loaded, context)];
  const timings: TimingRow[] = [];
  const warm = new Set<Contestant>();
  const budgetsOf = ({ stochastic }: Contestant): Budgets => {
    const most = (stochastic ? plan.stochasticPasses : undefined) ?? plan.budgets.passes;
    return { ...plan.budgets, passes: Math.min(most, problem.mostPasses ?? Infinity) };
  };
  try {
    for (const { l2, contestant, seed } of runsOf(plan)) {
      if (stopped()) break;
      const { name, solver } = contestant;
      const budgets = budgetsOf(contestant);
      const cells: RunCells = { problem: problem.name, l2, solver: name, seed };
      const { scaling } = problem;
      const data = sha256(`${loaded.dataset.sha256} ${loaded.train.features.hash}`);
      const result = await remember({ cells, solver, scaling, budgets, data }, async () => {
        if (!warm.has(contestant)) warmUp(contestant, l2, problem, loaded, context);
        warm.add(contestant);
        const run = { cells, problem: loaded, scaling, solver, budgets };
        return compareRun(runtime, clock, { ...run, stream: stream.split("solver").split(seed) });
      });
      rows.push(...result.rows);
      timings.push(...result.timings);
      const end = result.rows.at(-1);
      if (end?.kind === "end") log(`${problem.name}, l2 ${l2}, ${name}, seed ${seed}: ${end.status}, ${end.reason}`);
    }
  } finally {
    releaseProblem(loaded);
  }
  return { rows, timings, dataset: loaded.dataset };
}

function runsOf({ l2, contestants, seeds }: ComparisonPlan) {
  return l2.flatMap((l2) =>
    contestants.flatMap((contestant) =>
      (contestant.stochastic ? seeds : seeds.slice(0, 1)).map((seed) => ({ l2, contestant, seed })),
    ),
  );
}

function problemRow(
  { name, about, scaling }: CompareProblem,
  { train, dataset }: LoadedProblem,
  { runtime, stream }: ProblemContext,
): ProblemRow {
  const { most, least } = spectrumOf(runtime, train, scaling, stream.split("spectrum"));
  return {
    kind: "problem",
    problem: name,
    about,
    dataset: dataset.name,
    datasetSha256: dataset.sha256,
    synthetic: dataset.synthetic,
    rows: train.features.rows,
    cols: train.features.cols,
    classes: train.classes,
    scaling,
    varianceMost: most,
    varianceLeast: least,
  };
}

/** A few passes, so that no run pays for compiling code or for first touching the features. */
function warmUp(
  { solver }: Contestant,
  l2: number,
  { scaling }: CompareProblem,
  { train }: LoadedProblem,
  { runtime, stream }: ProblemContext,
): void {
  const stop = [certifiedGap({ relative: 1e-3 }), passBudget(2)];
  fit(runtime, { train, l2, scaling }, solver, { stream: stream.split("warm-up"), stop });
}
