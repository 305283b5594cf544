/** @file A convex solver: immutable settings, `init` and `step` over an explicit state. It never loops, never judges. */
import type { Oracle } from "./oracle.ts";
import type { Stream } from "./stream.ts";

export interface Iterate {
  /** θ in solver coordinates [k·d + k]. Never written to after the step that returned it. */
  readonly theta: Float64Array;
  /** ∇F(θ), where the step happened to compute it: lets the driver guess when a certificate is worth its cost. */
  readonly gradient?: Float64Array;
  /** Set when no further progress is possible from here, with the reason (e.g. the line search found no descent). */
  readonly stalled?: string;
}

export interface SolverFacts {
  readonly rows: number;
  readonly cols: number;
  readonly classes: number;
  readonly l2: number;
}

export interface Solver<State extends Iterate = Iterate> {
  readonly name: string; // = file name = CLI name
  readonly source: string; // author, year, equation or algorithm number
  /** Hyper-parameters, flat, recorded in every result. */
  readonly settings: Readonly<Record<string, number | string | boolean>>;
  /** Why this solver cannot run on such a problem; undefined when it can. */
  unsupported?(facts: SolverFacts): string | undefined;
  init(oracle: Oracle, start: Float64Array, stream: Stream): State;
  step(oracle: Oracle, state: State): State;
  /** Frees what the state holds in the oracle (margins). */
  release?(oracle: Oracle, state: State): void;
}
