/** @file All runs on one problem: every penalty, solver and seed, after one fit that nobody counts. */
import type { Runtime, Solver, Stream } from "@linear-probes/core";
import type { ComparisonRow, ProblemRow, TimingRow } from "./comparison-rows.ts";
import { type Budgets, compareRun } from "./compare-run.ts";
import { type CompareProblem, type LoadedProblem, type ProblemContext, releaseProblem } from "./problem.ts";
import { smoothnessOf } from "./smoothness.ts";
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
}

export interface ComparisonResult {
  readonly rows: readonly ComparisonRow[];
  readonly timings: readonly TimingRow[];
  readonly loaded?: LoadedProblem["dataset"];
}

/** Ends early, with what is done, when `stopped`. */
export async function compareProblem(
  plan: ComparisonPlan,
  context: ProblemContext & { readonly stopped?: () => boolean },
  clock: Clock,
): Promise<ComparisonResult> {
  const { problem } = plan;
  const { runtime, log, stream, stopped = () => false } = context;
  const loaded = await problem.load({ ...context, stream: stream.split(problem.name) });
  if ("unavailable" in loaded) {
    return { rows: [{ kind: "unavailable", problem: problem.name, reason: loaded.unavailable }], timings: [] };
  }
  const rows: ComparisonRow[] = [problemRow(runtime, problem, loaded, stream)];
  const timings: TimingRow[] = [];
  try {
    const runs = plan.l2.flatMap((l2) =>
      plan.contestants.flatMap((contestant) =>
        (contestant.stochastic ? plan.seeds : plan.seeds.slice(0, 1)).map((seed) => ({ l2, contestant, seed })),
      ),
    );
    warmUp(plan, loaded, runtime, stream, clock);
    for (const { l2, contestant, seed } of runs) {
      if (stopped()) break;
      const { name, solver } = contestant;
      const cells = { problem: problem.name, l2, solver: name, seed };
      const run = { cells, problem: loaded, scaling: problem.scaling, solver, budgets: plan.budgets };
      const result = compareRun(runtime, clock, { ...run, stream: stream.split("solver").split(seed) });
      rows.push(...result.rows);
      timings.push(...result.timings);
      const end = result.rows.at(-1);
      if (end?.kind === "end") log(`${problem.name}, l2 ${l2}, ${name}, seed ${seed}: ${end.status}, ${end.reason}`);
    }
  } finally {
    releaseProblem(loaded);
  }
  return { rows, timings, loaded: loaded.dataset };
}

function problemRow(
  runtime: Runtime,
  { name, about, scaling }: CompareProblem,
  { train, dataset }: LoadedProblem,
  stream: Stream,
): ProblemRow {
  return {
    kind: "problem",
    problem: name,
    about,
    dataset: dataset.name,
    datasetSha256: dataset.sha256,
    rows: train.features.rows,
    cols: train.features.cols,
    classes: train.classes,
    scaling,
    smoothness: smoothnessOf(runtime, train, scaling, stream.split("smoothness")),
  };
}

/** A few passes of each solver, so that no run pays for compiling code or for first touching the features. */
function warmUp(plan: ComparisonPlan, problem: LoadedProblem, runtime: Runtime, stream: Stream, clock: Clock): void {
  const [l2] = plan.l2;
  if (l2 === undefined) return;
  for (const { solver } of plan.contestants) {
    const cells = { problem: plan.problem.name, l2, solver: solver.name, seed: 0 };
    const budgets = { ...plan.budgets, passes: 3 };
    const { scaling } = plan.problem;
    compareRun(runtime, clock, { cells, problem, scaling, solver, budgets, stream: stream.split("warm-up") });
  }
}
