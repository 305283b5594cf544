/**
 * @file The door for users: features and labels in, a certified probe out.
 *
 *   const probe = await fitProbe({ file: "train.npy" }, labels, { C: 1 });
 *   probe.certificate.relativeGap; // proved: (F - F*)/F* is at most this
 *   probe.predict({ file: "test.npy" });
 *
 * scikit-learn's words: `C` is 1/(n·l2), `maxIter` counts solver steps, `tol` is the certified relative gap (scikit-learn's
 * is a gradient norm, which says nothing about the objective), `coef_` is `weights` and `intercept_` is `bias`.
 */
import { availableParallelism } from "node:os";
import {
  certifiedGap,
  createWasmRuntime,
  fit,
  labelled,
  matrixFeatures,
  reject,
  rootStream,
  stepBudget,
  type FitHooks,
  type FitResult,
  type Iterate,
  type Runtime,
  type Scaling,
  type Solver,
} from "@linear-probes/core";
import { fittedProbe, type FittedProbe } from "./fitted-probe.ts";
import { lbfgs } from "./solvers/lbfgs.ts";
import {
  classesOf,
  encodeLabels,
  readFeatures,
  readLabels,
  type FeatureMatrix,
  type FeatureSource,
  type Label,
  type LabelSource,
} from "./user-rows.ts";

export interface FitProbeOptions<State extends Iterate = Iterate> {
  /** Penalty (l2/2)·‖W‖² beside the mean loss. Give this or `C`. */
  readonly l2?: number;
  /** scikit-learn's inverse penalty, 1/(n·l2). Default 1. */
  readonly C?: number;
  readonly scaling?: Scaling; // default none
  readonly tol?: number; // certified relative gap; default 1e-6
  readonly maxIter?: number; // solver steps; default 1000
  readonly solver?: Solver<State>; // default lbfgs()
  readonly seed?: string | number;
  /** A back end to use and keep; default: one is made for this fit. Results do not depend on its threads. */
  readonly runtime?: Runtime;
  readonly hooks?: FitHooks;
}

export async function fitProbe<State extends Iterate>(
  features: FeatureSource,
  labels: LabelSource,
  options: FitProbeOptions<State> = {},
): Promise<FittedProbe> {
  const matrix = readFeatures(features);
  const given = readLabels(labels);
  if (given.length !== matrix.rows) reject("labels", `must be one for each of ${matrix.rows} rows`, given.length);
  const threads = Math.min(MOST_THREADS, availableParallelism());
  const runtime = options.runtime ?? (await createWasmRuntime({ threads }));
  try {
    return fitRows(runtime, matrix, given, options);
  } finally {
    if (options.runtime === undefined) await runtime.dispose();
  }
}

const MOST_THREADS = 4;

function fitRows<State extends Iterate>(
  runtime: Runtime,
  matrix: FeatureMatrix,
  given: readonly Label[],
  options: FitProbeOptions<State>,
): FittedProbe {
  const { scaling = "none", seed = 0, tol = 1e-6, maxIter = 1000, hooks } = options;
  const { rows, cols } = matrix;
  const l2 = penaltyOf(options.l2, options.C, rows);
  const classes = classesOf(given);
  const features = matrixFeatures(runtime, matrix);
  try {
    const train = labelled("train", features, encodeLabels(given, classes), classes.length);
    const run = <S extends Iterate>(solver: Solver<S>): FitResult =>
      fit(runtime, { train, l2, scaling }, solver, {
        stream: rootStream(seed),
        stop: [certifiedGap({ relative: tol }), stepBudget(maxIter)],
        ...(hooks && { hooks }),
      });
    const result = options.solver === undefined ? run(lbfgs()) : run(options.solver);
    const { probe, solver, settings, status, reason, passes, certificate } = result;
    const how = { solver, settings, status, reason, passes, certificate };
    const record = { classes, l2, scaling, rows, featuresHash: features.hash, ...how };
    return fittedProbe(record, cols, probe.weights, probe.bias);
  } finally {
    features.release();
  }
}

function penaltyOf(l2: number | undefined, C: number | undefined, rows: number): number {
  if (l2 !== undefined && C !== undefined) reject("l2 and C", "must not both be given", `${l2} and ${C}`);
  if (l2 !== undefined) return l2;
  if (C !== undefined && !(C > 0)) reject("C", "must be > 0", C);
  return 1 / (rows * (C ?? 1));
}
