/** @file The rows of a solver comparison, and apart from them, since they never repeat, their seconds. */
import { z } from "zod";

const statuses = [
  "converged",
  "early-stopped",
  "pass-budget",
  "time-budget",
  "stalled",
  "diverged",
  "interrupted",
  "unsupported",
] as const;

/** What names one run. */
const run = z.object({ problem: z.string(), l2: z.number(), solver: z.string(), seed: z.number() });
export type RunCells = Readonly<z.infer<typeof run>>;

/** One problem, as it was solved. */
const problemRow = z.object({
  kind: z.literal("problem"),
  problem: z.string(),
  about: z.string(),
  dataset: z.string(),
  datasetSha256: z.string(),
  synthetic: z.boolean(), // stands in for data that could not be had
  rows: z.number(), // n
  cols: z.number(), // d
  classes: z.number(), // k
  scaling: z.enum(["none", "center", "standardize"]),
  varianceMost: z.number(), // λmax of the covariance of the scaled features
  varianceLeast: z.number().nullable(), // λmin; null where it was not computed
});
export type ProblemRow = Readonly<z.infer<typeof problemRow>>;

/** A problem that cannot be had here. */
const unavailableRow = z.object({ kind: z.literal("unavailable"), problem: z.string(), reason: z.string() });

/** One certified point of one run. */
const pointRow = run.extend({
  kind: z.literal("point"),
  step: z.number(),
  passes: z.number(), // traversals of X by the solver
  rowGradients: z.number(),
  objective: z.number(), // nats, float64
  gapNats: z.number().nullable(), // duality gap; null where nothing is proved
  relativeGap: z.number().nullable(), // null where the bound says nothing
  trainError: z.number(), // fraction
  testError: z.number(), // fraction
});
export type PointRow = Readonly<z.infer<typeof pointRow>>;

/** How one run ended. */
const endRow = run.extend({
  kind: z.literal("end"),
  status: z.enum(statuses),
  reason: z.string(),
  steps: z.number(),
  passes: z.number(),
  certificatePasses: z.number(),
  settings: z.string(), // JSON
});
export type EndRow = Readonly<z.infer<typeof endRow>>;

export const comparisonRow = z.discriminatedUnion("kind", [problemRow, unavailableRow, pointRow, endRow]);
export type ComparisonRow = Readonly<z.infer<typeof comparisonRow>>;

/** Seconds of the solver alone up to a step: neither certificates nor evaluations count. */
export const timingRow = run.extend({
  step: z.number(),
  seconds: z.number(), // wall
  cpuSeconds: z.number(), // of all threads
});
export type TimingRow = Readonly<z.infer<typeof timingRow>>;

export const runResult = z.object({
  rows: z.array(z.discriminatedUnion("kind", [pointRow, endRow])),
  timings: z.array(timingRow),
});
/** All that one run leaves behind. */
export type RunResult = Readonly<z.infer<typeof runResult>>;

export function runKey({ problem, l2, solver, seed }: RunCells): string {
  return `${problem} ${l2} ${solver} ${seed}`;
}
