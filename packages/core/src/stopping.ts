/** @file When a fit stops, as values. A rule reads the trace and says nothing, or how the fit ended and why. */
import type { Status, TracePoint } from "./drive.ts";
import { reject } from "./errors.ts";

export interface Verdict {
  readonly status: Status;
  readonly reason: string; // one sentence
}

export interface StoppingRule {
  readonly name: string;
  /** The greatest gap in nats that would satisfy the rule at this objective: tells when a certificate may pay. */
  readonly gapTolerance?: (objective: number) => number;
  /** The validation set is evaluated at every step, and the best iterate is what is returned. */
  readonly restoresBest?: true;
  check(trace: readonly TracePoint[]): Verdict | undefined;
}

/** Stops when F - F* is proved to be at most `relative`·F*, or at most `absolute` nats. */
export function certifiedGap({ relative = 0, absolute = 0 }: { relative?: number; absolute?: number }): StoppingRule {
  if (!(relative >= 0 && absolute >= 0 && relative + absolute > 0)) {
    reject("certifiedGap", "needs a relative or absolute tolerance > 0", `${relative}, ${absolute}`);
  }
  return {
    name: "certified-gap",
    gapTolerance: (objective) => Math.max(absolute, (objective * relative) / (1 + relative)),
    check(trace) {
      const certificate = trace.at(-1)?.certificate;
      if (certificate === undefined) return undefined;
      const { relativeGap, dualityGap } = certificate;
      if (!(relativeGap <= relative || dualityGap <= absolute)) return undefined;
      const shown = `${relativeGap.toExponential(1)} relative, ${dualityGap.toExponential(1)} nats`;
      return { status: "converged", reason: `The certified gap is ${shown}.` };
    },
  };
}

/**
 * Stops after `patience` evaluations without a lower validation error, and restores the best iterate. Equal errors are
 * decided by the validation loss, so that a plateau of the error on few rows does not end the fit.
 */
export function earlyStopping({ patience }: { patience: number }): StoppingRule {
  if (!(Number.isInteger(patience) && patience >= 1)) reject("patience", "must be a positive integer", patience);
  return {
    name: "early-stopping",
    restoresBest: true,
    check(trace) {
      const evaluated = trace.filter((point) => point.validationError !== undefined);
      const waited = evaluated.length - 1 - bestValidation(evaluated);
      if (!(waited >= patience)) return undefined;
      return { status: "early-stopped", reason: `The validation error has not improved for ${waited} evaluations.` };
    },
  };
}

/** The first point of least validation error, ties by validation loss; -1 when there is none. */
export function bestValidation(trace: readonly TracePoint[]): number {
  let best = -1;
  for (const [at, point] of trace.entries()) {
    if (point.validationError === undefined) continue;
    const leader = trace[best];
    if (leader === undefined || better(point, leader)) best = at;
  }
  return best;
}

function better(point: TracePoint, leader: TracePoint): boolean {
  const error = point.validationError ?? Infinity;
  const least = leader.validationError ?? Infinity;
  if (error !== least) return error < least;
  return (point.validationLoss ?? Infinity) < (leader.validationLoss ?? Infinity);
}

/** Stops once the solver has used so many passes over the data. */
export function passBudget(passes: number): StoppingRule {
  if (!(passes > 0)) reject("passBudget", "must be > 0", passes);
  return {
    name: "pass-budget",
    check(trace) {
      const used = trace.at(-1)?.passes ?? 0;
      if (!(used >= passes)) return undefined;
      return { status: "pass-budget", reason: `The budget of ${passes} passes is used up.` };
    },
  };
}

/** Stops after so many steps. */
export function stepBudget(steps: number): StoppingRule {
  if (!(Number.isInteger(steps) && steps >= 0)) reject("stepBudget", "must be a whole number", steps);
  return {
    name: "step-budget",
    check(trace) {
      if (!((trace.at(-1)?.step ?? 0) >= steps)) return undefined;
      return { status: "pass-budget", reason: `The budget of ${steps} steps is used up.` };
    },
  };
}
