/**
 * @file Fits one probe for each of several l2, from the strongest to the weakest, each started from the last, or all side
 * by side, and picks the one that does best on validation rows.
 */
import {
  createDerived,
  evaluateOnValidation,
  fit,
  fitMany,
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
  readonly passes: number; // traversals of X in all solvers' runs
  /** Traversals that as many fits from zero, one after another, would have made beyond these; where that is known. */
  readonly saved?: number;
}

export interface PathOptions {
  readonly l2: readonly number[];
  readonly stop: readonly StoppingRule[];
  readonly stream: Stream;
  /** Start each fit from the one before; false fits each from zero. */
  readonly warm?: boolean;
  /** Where the fit number `at` (by falling l2) starts, given the probe of the one before; default that probe. */
  readonly startAt?: (l2: number, at: number, before: LinearProbe | undefined) => LinearProbe | undefined;
  /**
   * Fit all side by side from zero (core's fitMany): a quarter of a warm path's traversals of X, with more arithmetic.
   * For features that are slow to bring in: from a file, or wider than the caches.
   */
  readonly together?: boolean;
  /** Also fit every point of a warm path from zero, only to report what was saved. */
  readonly measureSaving?: boolean;
  readonly hooks?: FitHooks;
}

/** Fits `train` for every l2 and chooses on `validation`. */
export function fitPath<State extends Iterate>(
  runtime: Runtime,
  problem: Omit<ProbeProblem, "l2"> & { readonly validation: LabelledFeatures<"validation"> },
  solver: Solver<State>,
  options: PathOptions,
): PathResult {
  const { validation, ...rest } = problem;
  const values = options.l2.toSorted((a, b) => b - a);
  if (values.length === 0) return reject("l2", "there must be at least one value", "none");
  const { fits, passes, saved } = options.together
    ? sideBySide(runtime, rest, solver, values, options)
    : oneByOne(runtime, rest, solver, values, options);
  const points = values.map((value, at) => {
    const result = fits[at] ?? reject("l2", "every value must be fitted", value);
    return { l2: value, fit: result, validation: evaluateOnValidation(runtime, result.probe, validation) };
  });
  const chosen = points.reduce<PathPoint | undefined>((best, point) => (beats(point, best) ? point : best), undefined);
  if (chosen === undefined) return reject("l2", "there must be at least one value", "none");
  return { points, chosen, passes, ...(saved !== undefined && { saved }) };
}

interface Fits {
  readonly fits: readonly FitResult[];
  readonly passes: number;
  readonly saved?: number | undefined;
}

function sideBySide<State extends Iterate>(
  runtime: Runtime,
  problem: Omit<ProbeProblem, "l2">,
  solver: Solver<State>,
  values: readonly number[],
  { stop, stream, hooks }: PathOptions,
): Fits {
  const given = values.map((l2) => ({ problem: { ...problem, l2 }, stream, stop, ...(hooks && { hooks }) }));
  const { fits, passes, separatePasses } = fitMany(runtime, solver, given);
  return { fits, passes, saved: separatePasses - passes };
}

function oneByOne<State extends Iterate>(
  runtime: Runtime,
  problem: Omit<ProbeProblem, "l2">,
  solver: Solver<State>,
  values: readonly number[],
  { stop, stream, warm = true, startAt = (_l2, _at, before) => before, measureSaving = false, hooks }: PathOptions,
): Fits {
  const run = (isWarm: boolean): FitResult[] => {
    const derived = createDerived();
    const fits: FitResult[] = [];
    try {
      for (const [at, l2] of values.entries()) {
        const probe = isWarm ? startAt(l2, at, fits.at(-1)?.probe) : undefined;
        const start = probe && { start: probe };
        fits.push(
          fit(runtime, { ...problem, l2 }, solver, { stream, stop, derived, ...start, ...(hooks && { hooks }) }),
        );
      }
    } finally {
      derived.release();
    }
    return fits;
  };
  const fits = run(warm);
  const passes = passesOf(fits);
  return { fits, passes, saved: warm && measureSaving ? passesOf(run(false)) - passes : undefined };
}

const passesOf = (fits: readonly FitResult[]): number => fits.reduce((sum, { passes }) => sum + passes, 0);

function beats({ validation: { error, loss } }: PathPoint, best: PathPoint | undefined): boolean {
  if (best === undefined) return true;
  const least = best.validation;
  return error < least.error || (error === least.error && loss < least.loss);
}
