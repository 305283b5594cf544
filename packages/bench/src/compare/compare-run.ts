/** @file One run of the comparison: one solver on one problem at one penalty from one seed, recorded along the way. */
import {
  certifiedGap,
  evaluateOnTest,
  fit,
  type Certificate,
  type Iterate,
  type LinearProbe,
  passBudget,
  type Runtime,
  type Scaling,
  type Solver,
  type Stream,
} from "@linear-probes/core";
import type { EndRow, PointRow, RunCells, RunResult, TimingRow } from "./comparison-rows.ts";
import type { LoadedProblem } from "./problem.ts";
import { type Clock, createStopwatch } from "./stopwatch.ts";

export interface Budgets {
  readonly passes: number;
  /** Of the solver alone. Rows no longer repeat exactly where it is what ended a run. */
  readonly seconds: number;
  /** A run ends when this relative gap is certified. */
  readonly relativeGap: number;
}

export interface CompareRun {
  readonly cells: RunCells;
  readonly problem: LoadedProblem;
  readonly scaling: Scaling;
  readonly solver: Solver;
  readonly stream: Stream;
  readonly budgets: Budgets;
}

/** Recorded points are this factor of passes apart. */
const RECORD_FACTOR = 1.25;

export function compareRun<State extends Iterate>(
  runtime: Runtime,
  clock: Clock,
  { cells, problem, scaling, solver, stream, budgets }: Omit<CompareRun, "solver"> & { solver: Solver<State> },
): RunResult {
  const stopwatch = createStopwatch(clock);
  const points: PointRow[] = [];
  const timings: TimingRow[] = [];
  const record = (step: Pick<PointRow, "step" | "passes" | "rowGradients">, c: Certificate, probe: LinearProbe) => {
    timings.push({ ...cells, step: step.step, ...stopwatch.elapsed() });
    points.push({
      ...cells,
      kind: "point",
      step: step.step,
      passes: step.passes,
      rowGradients: step.rowGradients,
      objective: c.objective,
      gapNats: Number.isFinite(c.dualityGap) ? c.dualityGap : null,
      relativeGap: Number.isFinite(c.relativeGap) ? c.relativeGap : null,
      trainError: c.trainError,
      testError: evaluateOnTest(runtime, probe, problem.test).error,
    });
  };
  const result = fit(runtime, { train: problem.train, l2: cells.l2, scaling }, solver, {
    stream,
    stop: [certifiedGap({ relative: budgets.relativeGap }), passBudget(budgets.passes)],
    record: geometricSchedule(RECORD_FACTOR),
    hooks: {
      around: stopwatch.time,
      watch: () =>
        stopwatch.elapsed().seconds >= budgets.seconds
          ? { status: "time-budget", reason: `The budget of ${budgets.seconds} s is used up.` }
          : undefined,
      observe: (point, probe) => {
        if (point.certificate !== undefined) record(point, point.certificate, probe());
      },
    },
  });
  const last = result.trace.at(-1);
  if (last !== undefined && last.certificate === undefined) record(last, result.certificate, result.probe);
  const end: EndRow = {
    ...cells,
    kind: "end",
    status: result.status,
    reason: result.reason,
    steps: result.steps,
    passes: result.passes,
    certificatePasses: result.certificatePasses,
    settings: JSON.stringify(result.settings),
  };
  return { rows: [...points, end], timings };
}

/** True at the first step, and then whenever passes have grown by `factor` since it last was. */
function geometricSchedule(factor: number): (step: number, passes: number) => boolean {
  let next = 0;
  return (step, passes) => {
    if (step > 0 && passes < next) return false;
    next = passes * factor;
    return true;
  };
}
