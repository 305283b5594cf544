/**
 * @file Fits one probe for each of several l2, from the strongest to the weakest, each started from the last, and picks
 * the one that does best on validation rows.
 */
import {
  createDerived,
  evaluateOnValidation,
  fit,
  reject,
  type FitHooks,
  type FitResult,
  type Iterate,
  type LabelledFeatures,
  type LinearProbe,
  type ProbeProblem,
  type Runtime,
  type Scores,
  type Solver,
  type StoppingRule,
  type Stream,
} from "@linear-probes/core";

export interface PathPoint {
  readonly l2: number;
  readonly fit: FitResult;
  readonly validation: Scores;
}

export interface PathResult {
  readonly points: readonly PathPoint[]; // by falling l2
  /** Least validation error; ties by validation loss, then by the greater l2. */
  readonly chosen: PathPoint;
  readonly passes: number; // of all solvers' runs
}

export interface PathOptions {
  readonly l2: readonly number[];
  readonly stop: readonly StoppingRule[];
  readonly stream: Stream;
  /** Start each fit from the one before; false fits each from zero, to see what that saves. */
  readonly warm?: boolean;
  /** Where the fit number `at` (by falling l2) starts, given the probe of the one before; default that probe. */
  readonly startAt?: (l2: number, at: number, before: LinearProbe | undefined) => LinearProbe | undefined;
  readonly hooks?: FitHooks;
}

/** Fits `train` for every l2 and chooses on `validation`. */
export function fitPath<State extends Iterate>(
  runtime: Runtime,
  problem: Omit<ProbeProblem, "l2"> & { readonly validation: LabelledFeatures<"validation"> },
  solver: Solver<State>,
  { l2, stop, stream, warm = true, startAt = (_l2, _at, before) => before, hooks }: PathOptions,
): PathResult {
  const { validation, ...rest } = problem;
  const points: PathPoint[] = [];
  const derived = createDerived();
  try {
    for (const [at, value] of l2.toSorted((a, b) => b - a).entries()) {
      const start = warm ? startAt(value, at, points.at(-1)?.fit.probe) : undefined;
      const result = fit(runtime, { ...rest, l2: value }, solver, {
        stream,
        stop,
        derived,
        ...(start && { start }),
        ...(hooks && { hooks }),
      });
      points.push({ l2: value, fit: result, validation: evaluateOnValidation(runtime, result.probe, validation) });
    }
  } finally {
    derived.release();
  }
  const chosen = points.reduce<PathPoint | undefined>((best, point) => (beats(point, best) ? point : best), undefined);
  if (chosen === undefined) return reject("l2", "there must be at least one value", "none");
  return { points, chosen, passes: points.reduce((sum, point) => sum + point.fit.passes, 0) };
}

function beats({ validation: { error, loss } }: PathPoint, best: PathPoint | undefined): boolean {
  if (best === undefined) return true;
  const least = best.validation;
  return error < least.error || (error === least.error && loss < least.loss);
}
