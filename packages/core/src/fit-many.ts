/**
 * @file Several probes on the same features, fitted side by side: other labels, other penalties, other scalings. Their
 * products with X are made together, one traversal for all (kernels' valueTogether), while each has a run, a
 * certificate and a status of its own, and the bits that it would have alone.
 */
import { createDerived, type DeferredProduct, type Derived } from "./create-oracle.ts";
import { run, type FitOptions, type FitResult, type Waiting } from "./drive.ts";
import { checkProbe, checkProblem } from "./check-problem.ts";
import { reject } from "./errors.ts";
import type { Runtime } from "./kernels/kernels.ts";
import type { ProbeProblem } from "./problem.ts";
import type { Iterate, Solver } from "./solver.ts";

export interface ManyFits {
  /** One for each problem, in order; `passes` of each counts as if it had X for itself. */
  readonly fits: readonly FitResult[];
  /** Traversals of X that were made for all solvers' steps: a product made together counts once. */
  readonly passes: number;
  /** The sum of the fits' own passes: what as many fits one after another would have made. */
  readonly separatePasses: number;
}

/** One probe of many: what is particular to it. `hooks.around` sees no staged step: their time is nobody's own. */
export interface OneOfMany extends Omit<FitOptions, "derived"> {
  readonly problem: ProbeProblem;
}

/** Fits every problem; all must be of the same features. Solvers without stages run as they would alone. */
export function fitMany<State extends Iterate>(
  runtime: Runtime,
  solver: Solver<State>,
  given: readonly OneOfMany[],
): ManyFits {
  const [first] = given;
  if (first === undefined) return reject("problems", "there must be at least one", "none");
  for (const [at, { problem, start }] of given.entries()) {
    checkProblem(problem);
    if (start !== undefined) checkProbe(start, problem.train);
    if (problem.train.features !== first.problem.train.features)
      reject(`problems[${at}]`, "must be of the same features as the first", "other features");
  }
  // What is derived from X alone is shared where it is the same.
  const kept = new Map<string, Derived>();
  const derivedOf = ({ scaling, train }: ProbeProblem): Derived => {
    const key = `${scaling} ${train.classes}`;
    const derived = kept.get(key) ?? createDerived();
    kept.set(key, derived);
    return derived;
  };
  const runs: readonly Run[] = given.map(({ problem, ...options }) =>
    run(runtime, problem, solver, options, derivedOf(problem), true),
  );
  try {
    return together(runtime, runs);
  } finally {
    for (const one of runs) one.return(undefined);
    for (const derived of kept.values()) derived.release();
  }
}

/** A run; stopped before its end it has no result. */
type Run = Generator<Waiting, FitResult | undefined, number>;

function together(runtime: Runtime, runs: readonly Run[]): ManyFits {
  const fits: FitResult[] = [];
  const waiting = new Map<number, DeferredProduct>();
  let saved = 0;
  const resume = (at: number, told: number): void => {
    const reached = runs[at]?.next(told);
    waiting.delete(at);
    if (reached?.done === true && reached.value !== undefined) fits[at] = reached.value;
    if (reached?.done === false) waiting.set(at, reached.value.oracle.defer(reached.value.product));
  };
  for (const at of runs.keys()) resume(at, 0);
  while (waiting.size > 0) {
    const asked = [...waiting];
    const gradients = asked.flatMap(([at, one]) => (one.kind === "gradient" ? [{ at, one }] : []));
    const values = asked.flatMap(([at, one]) => (one.kind === "value" ? [{ at, one }] : []));
    const epochs = asked.flatMap(([at, one]) => (one.kind === "epoch" ? [{ at, one }] : []));
    // Lone gradients first: the runs that wait for a value are then joined by those that wanted another point.
    const [ready, losses, passes] =
      gradients.length > 0
        ? [gradients, runtime.backwardTogether(gradients.map(({ one }) => one.work)), 1 / 2]
        : values.length > 0
          ? [values, runtime.valueTogether(values.map(({ one }) => one.work)), 1]
          : [epochs, runtime.sweepsTogether(epochs.map(({ one }) => one.work)), epochs[0]?.one.passes ?? 0];
    saved += (ready.length - 1) * passes;
    for (const [i, { at, one }] of ready.entries()) resume(at, one.finish(losses[i] ?? Number.NaN));
  }
  const separatePasses = fits.reduce((sum, { passes }) => sum + passes, 0);
  return { fits, passes: separatePasses - saved, separatePasses };
}
