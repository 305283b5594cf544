/**
 * @file Which convex solver fits a linear probe best, on which kind of layer? Section 4 of the paper names SAG and SVRG
 * as the untried way to probe large layers. Every solver on every problem at every penalty, from five seeds where chance
 * takes part, with certified points along the way; the seconds, of the solver alone, are the experiment's timings.
 */
import { type ComparisonContext, compareProblem } from "../compare/compare-problem.ts";
import { runResult } from "../compare/comparison-rows.ts";
import { contestants } from "../compare/contestants.ts";
import type { CompareProblem, TrainedNetwork } from "../compare/problem.ts";
import { compareProblems } from "../compare/problems/index.ts";
import { shapeGrid } from "../compare/problems/shape-grid.ts";
import { systemClock } from "../compare/stopwatch.ts";
import { defineExperiment, type TaskContext, type TaskResult } from "../experiment.ts";
import { digits, type RowSettings } from "../stages/convnet-data.ts";
import { stateOf } from "../parts/training-state.ts";

type Settings = {
  /** Names, or null for all. */
  readonly problems: readonly string[] | null;
  /** Also the grid of shapes. */
  readonly grid: boolean;
  /** At most so many rows of each problem. */
  readonly rows: number;
  /** Of stochastic solvers; the others have one run, since another would give the same rows. */
  readonly seeds: number;
  /** Of the shapes of the grid, which are many. */
  readonly gridSeeds: number;
  /** Budget of a run. There is none of seconds, so that the rows repeat. */
  readonly passes: number;
  /** The same of stochastic solvers, whose passes cost several of the others'. */
  readonly stochasticPasses: number;
  readonly relativeGap: number; // certified, at which a run ends
  /** How many of a problem's penalties. */
  readonly penalties: number;
  /** Figure 5's network of the same profile, for the problems that are made of it. */
  readonly network: { readonly rows: RowSettings; readonly step: number } | null;
};

type Task = { readonly label: string; readonly weight: number; readonly problem: CompareProblem };

const isShape = (problem: CompareProblem): boolean => shapeGrid.includes(problem);

const solverModule = (name: string): URL =>
  new URL(`solvers/${name}.ts`, import.meta.resolve("@linear-probes/solvers"));
const solverNames = [...new Set(contestants.map(({ solver }) => solver.name))];

const stages = {
  kernels: new URL("../stages/kernels.ts", import.meta.url),
  run: new URL("../compare/compare-run.ts", import.meta.url),
  training: new URL("../stages/convnet-training.ts", import.meta.url),
  ...Object.fromEntries(solverNames.map((name) => [name, solverModule(name)])),
};

export default defineExperiment<Settings, Task>({
  id: "solver-comparison",
  title: "convex solvers on the probes of many kinds of layers",
  source: "Alain & Bengio 2016, section 4",
  replayLevel: "bitwise-one-machine",
  parallelism: "kernels",
  profiles: {
    smoke: {
      problems: ["toy-layer", "ill-conditioned", "separable"],
      grid: false,
      rows: 1000,
      seeds: 2,
      gridSeeds: 1,
      passes: 40,
      stochasticPasses: 15,
      relativeGap: 1e-7,
      penalties: 1,
      network: null,
    },
    quick: {
      problems: null,
      grid: false,
      rows: 3000,
      seeds: 3,
      gridSeeds: 1,
      passes: 100,
      stochasticPasses: 20,
      relativeGap: 1e-7,
      penalties: 1,
      network: { rows: { train: 6000, test: 2000, validation: 1000, heldOut: 500 }, step: 600 },
    },
    paper: {
      problems: null,
      grid: true,
      rows: 12_000,
      seeds: 5,
      gridSeeds: 1,
      passes: 200,
      stochasticPasses: 15,
      relativeGap: 1e-7,
      penalties: 2,
      network: { rows: { train: 60_000, test: 10_000, validation: 10_000, heldOut: 5000 }, step: 8593 },
    },
  },
  stages,
  // Another processor may round otherwise, and a run then end a step earlier or later.
  goldenTolerance: {
    objective: 1e-3,
    trainError: 0.01,
    testError: 0.01,
    gapNats: Infinity,
    relativeGap: Infinity,
    reason: Infinity,
    passes: 2,
    rowGradients: Infinity,
    certificatePasses: 20,
    varianceMost: 1e-3,
    varianceLeast: 1e-3,
  },
  tasks: ({ problems, grid }) =>
    [...compareProblems.filter(({ name }) => problems?.includes(name) ?? true), ...(grid ? shapeGrid : [])].map(
      (problem) => ({ label: problem.name, weight: isShape(problem) ? 0.2 : 1, problem }),
    ),
  run: ({ problem }, settings, context) => compareOne(problem, settings, context),
});

async function compareOne(problem: CompareProblem, settings: Settings, context: TaskContext): Promise<TaskResult> {
  const { stream, runtime, dataDir, log, stop } = context;
  const plan = {
    problem,
    l2: problem.l2.slice(0, settings.penalties),
    contestants,
    seeds: Array.from({ length: isShape(problem) ? settings.gridSeeds : settings.seeds }, (_, seed) => seed),
    budgets: { passes: settings.passes, seconds: Infinity, relativeGap: settings.relativeGap },
    stochasticPasses: settings.stochasticPasses,
  };
  const comparison: ComparisonContext = {
    runtime,
    stream,
    dataDir,
    log,
    clock: systemClock(),
    rows: settings.rows,
    trainedNetwork: () => recallNetwork(settings, context),
    async remember({ cells, solver, scaling, budgets, data }, make) {
      stop.check();
      const facts = {
        kind: "comparison-run",
        ...cells,
        scaling,
        data,
        settings: JSON.stringify({ name: solver.name, ...solver.settings }),
        budgets: JSON.stringify(budgets),
        randomness: stream.path,
        threads: runtime.threads, // the seconds depend on it
      };
      const { json } = await context.remember([stages.kernels, stages.run, solverModule(solver.name)], facts, (meter) =>
        meter.phase("probes", async () => ({ json: await make() })),
      );
      return runResult.parse(json);
    },
  };
  const { rows, timings, dataset } = await compareProblem(plan, comparison);
  return { rows, seconds: timings, dataset: dataset ?? { name: problem.name, sha256: "", synthetic: false } };
}

/** The network that figure 5 has trained under this profile and seed, if it is in the store. */
async function recallNetwork({ network }: Settings, context: TaskContext): Promise<TrainedNetwork | undefined> {
  if (network === null) return undefined;
  const { record } = await digits(context, network.rows);
  const [seed] = context.stream.path.split("/");
  const entry = context.recall([stages.training], {
    kind: "fig05-network",
    step: network.step,
    data: record.sha256,
    heldOut: network.rows.heldOut,
    stream: `${seed}/fig05-mnist-convnet/convnet`,
  });
  if (entry === undefined) return undefined;
  return { step: network.step, parameters: stateOf(network.step, entry.arrays).parameters };
}
