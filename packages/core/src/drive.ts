/** @file The only solver loop: init, step, record, judge, stop. Types here; see the implementation below. */
import type { Certificate } from "./certificate.ts";
import type { LinearProbe } from "./problem.ts";

/** How a fit ended. Expected outcomes are data. */
export type Status =
  | "converged" // the certified gap reached the tolerance
  | "early-stopped" // the validation error stopped improving
  | "pass-budget" // passes or steps ran out
  | "time-budget" // the caller's deadline passed
  | "stalled" // the solver says it can make no further progress
  | "diverged" // not a finite objective
  | "interrupted" // the caller asked
  | "unsupported"; // the solver cannot run on such a problem

export interface TracePoint {
  readonly step: number;
  readonly passes: number;
  readonly rowGradients: number;
  readonly certificate?: Certificate;
  readonly validationError?: number; // fraction
  readonly validationLoss?: number; // nats
}

export interface FitResult {
  readonly solver: string;
  readonly status: Status;
  readonly reason: string; // one sentence
  readonly probe: LinearProbe;
  readonly certificate: Certificate;
  readonly passes: number; // used by the solver
  readonly certificatePasses: number; // used by the judge
  readonly steps: number;
  readonly trace: readonly TracePoint[];
}
