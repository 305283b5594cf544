/** @file The rows of a solver comparison, and apart from them, since they never repeat, their seconds. */
import type { Scaling, Status } from "@linear-probes/core";

/** One problem, as it was solved. */
export type ProblemRow = {
  readonly kind: "problem";
  readonly problem: string;
  readonly about: string;
  readonly dataset: string;
  readonly datasetSha256: string;
  readonly rows: number; // n
  readonly cols: number; // d
  readonly classes: number; // k
  readonly scaling: Scaling;
  /** λmax(S)/2, S the covariance of the scaled features: the Hessian of the loss is at most this. */
  readonly smoothness: number;
};

/** A problem that cannot be had here. */
export type UnavailableRow = {
  readonly kind: "unavailable";
  readonly problem: string;
  readonly reason: string;
};

/** What names one run. */
export type RunCells = {
  readonly problem: string;
  readonly l2: number;
  readonly solver: string;
  readonly seed: number;
};

/** One certified point of one run. */
export type PointRow = RunCells & {
  readonly kind: "point";
  readonly step: number;
  readonly passes: number; // traversals of X by the solver
  readonly rowGradients: number;
  readonly objective: number; // nats, float64
  readonly gapNats: number; // duality gap
  readonly relativeGap: number | null; // null when the bound says nothing
  readonly trainError: number; // fraction
  readonly testError: number; // fraction
};

/** How one run ended. */
export type EndRow = RunCells & {
  readonly kind: "end";
  readonly status: Status;
  readonly reason: string;
  readonly steps: number;
  readonly passes: number;
  readonly certificatePasses: number;
  readonly settings: string; // JSON
};

export type ComparisonRow = ProblemRow | UnavailableRow | PointRow | EndRow;

/** Seconds of the solver alone up to a step: neither certificates nor evaluations count. */
export type TimingRow = RunCells & {
  readonly step: number;
  readonly seconds: number; // wall
  readonly cpuSeconds: number; // of all threads
};

export function runKey({ problem, l2, solver, seed }: RunCells): string {
  return `${problem} ${l2} ${solver} ${seed}`;
}
