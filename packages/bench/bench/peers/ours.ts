/**
 * @file Our fits among those of the peers. Timed is the whole call, from features in memory to a probe with its
 * certificate: column moments, set-up, steps and certificates. The peers' features lie ready as ours do, and what it
 * takes to certify *their* probes is not counted.
 */
import {
  certifiedGap,
  certify,
  fit,
  type FitResult,
  type LinearProbe,
  passBudget,
  type ProbeProblem,
  rootStream,
  type Runtime,
  type Solver,
} from "@linear-probes/core";
import { labelledRows } from "../../src/compare/parts/features-of.ts";
import { createStopwatch, type Elapsed, systemClock } from "../../src/compare/stopwatch.ts";
import type { ProblemData } from "./problem-files.ts";

const MOST_PASSES = 5000;

/** Ours to a certified relative gap, on features that nothing has been computed of yet. */
export function fitOurs(
  runtime: Runtime,
  data: ProblemData,
  l2: number,
  solver: Solver,
  relativeGap: number,
): Elapsed & { readonly result: FitResult } {
  const problem = freshProblem(runtime, data, l2);
  const stopwatch = createStopwatch(systemClock());
  try {
    const stop = [certifiedGap({ relative: relativeGap }), passBudget(MOST_PASSES)];
    const result = stopwatch.time(() => fit(runtime, problem, solver, { stream: rootStream("peers"), stop }));
    return { ...stopwatch.elapsed(), result };
  } finally {
    problem.train.features.release();
  }
}

/** F of any probe on these rows, in float64 by our certificate. */
export type Judge = (probe: LinearProbe) => number;

export function createJudge(runtime: Runtime, data: ProblemData, l2: number): { judge: Judge; release: () => void } {
  const problem = freshProblem(runtime, data, l2);
  const { features, labels, classes } = problem.train;
  const kernels = runtime.bind(features, { labels, classes });
  return {
    judge: (probe) => certify(kernels, problem, probe).objective,
    release: () => features.release(),
  };
}

function freshProblem(runtime: Runtime, { files, x, labels }: ProblemData, l2: number): ProbeProblem {
  const { name, cols, classes } = files;
  return { train: labelledRows(runtime, "train", name, { x, labels, cols, classes }), l2, scaling: "none" };
}
