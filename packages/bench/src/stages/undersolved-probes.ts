/**
 * @file Probes on raw pixels that stop before their optimum: RMSProp at one learning rate, looked at after more and more
 * epochs, and the certified optimum of the same objective. What is recorded is the probe as it stands: the certificate
 * only says how far from the optimum it is.
 */
import {
  certifiedGap,
  evaluateOnTest,
  fit,
  type FitOptions,
  type LinearProbe,
  passBudget,
  type Row,
  type Runtime,
  type Solver,
  stepBudget,
  type Stream,
  type TracePoint,
} from "@linear-probes/core";
import { lbfgs, rmsprop } from "@linear-probes/solvers";
import type { LoadedProblem } from "../compare/problem.ts";

export type RmspropBudget = {
  readonly learningRate: number;
  readonly batch: number; // rows
  readonly decay: number;
  readonly epochs: number;
};

/** Epochs after which a probe is looked at are this factor apart, and at least one. */
const FACTOR = 1.25;

/** One row for each epoch looked at. */
export function undersolvedProbes(
  runtime: Runtime,
  problem: LoadedProblem,
  l2: number,
  stream: Stream,
  { learningRate, batch, decay, epochs }: RmspropBudget,
): readonly Row[] {
  const batches = Math.ceil(problem.train.labels.length / batch);
  let next = 1;
  return recorded(runtime, problem, l2, rmsprop({ batch, learningRate, decay }), {
    stream,
    stop: [stepBudget(epochs)],
    record: (step) => {
      if (step < next && step < epochs) return false;
      next = Math.max(step + 1, Math.ceil(step * FACTOR));
      return step > 0;
    },
  }).map((row) => ({ ...row, kind: "rmsprop", learningRate, batches: Number(row["step"]) * batches }));
}

/** The optimum, as the last row says how nearly. */
export function solvedProbe(
  runtime: Runtime,
  problem: LoadedProblem,
  l2: number,
  stream: Stream,
  { relativeGap, passes }: { readonly relativeGap: number; readonly passes: number },
): readonly Row[] {
  const rows = recorded(runtime, problem, l2, lbfgs(), {
    stream,
    stop: [certifiedGap({ relative: relativeGap }), passBudget(passes)],
  });
  return rows.slice(-1).map((row) => ({ ...row, kind: "certified", learningRate: null, batches: null }));
}

function recorded<State extends { readonly theta: Float64Array }>(
  runtime: Runtime,
  { train, test }: LoadedProblem,
  l2: number,
  solver: Solver<State>,
  options: FitOptions,
): readonly Row[] {
  const rows: Row[] = [];
  const look = (point: TracePoint, probe: LinearProbe): void => {
    const { certificate } = point;
    if (certificate === undefined) return;
    const { dualityGap, relativeGap, objective } = certificate;
    rows.push({
      step: point.step,
      passes: point.passes,
      rows: train.labels.length,
      l2,
      trainError: certificate.trainError,
      trainLoss: certificate.loss,
      testError: evaluateOnTest(runtime, probe, test).error,
      objective,
      gapNats: Number.isFinite(dualityGap) ? dualityGap : null,
      relativeGap: Number.isFinite(relativeGap) ? relativeGap : null,
    });
  };
  fit(runtime, { train, l2, scaling: "none" }, solver, {
    ...options,
    hooks: { observe: (point, probe) => look(point, probe()) },
  });
  return rows;
}
