/** @file A convex solver: immutable settings, `init` and `step` over an explicit state. It never loops, never judges. */
import type { Coordinates, Oracle } from "./oracle.ts";
import type { Stages } from "./staged.ts";
import type { Stream } from "./stream.ts";

export interface Iterate {
  /** θ in solver coordinates [k·d + k]. Never written to after the step that returned it. */
  readonly theta: Float64Array;
  /** F(θ) in nats or an estimate, where the step has one: a value that is not finite is a divergence. */
  readonly objective?: number;
  /** ∇F(θ) or an estimate, where the step has one: lets the driver guess when a certificate is worth its cost. */
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

/**
 * A state is plain data: numbers, strings, typed arrays, arrays and records of them, margins, and streams that are only
 * ever split (by step number), never drawn from. So it can be frozen and thawed with the same bits (state.ts). `step`
 * may reuse what its argument holds: a state is used up by `step`.
 */
export interface Solver<State extends Iterate = Iterate> {
  readonly name: string; // = file name = CLI name
  readonly source: string; // author, year, equation or algorithm number
  /** Hyper-parameters, flat, recorded in every result. */
  readonly settings: Readonly<Record<string, number | string | boolean>>;
  /** The coordinates it works in. Default: centred. */
  readonly coordinates?: Coordinates;
  /** Why this solver cannot run on such a problem; undefined when it can. */
  unsupported?(facts: SolverFacts): string | undefined;
  init(oracle: Oracle, start: Float64Array, stream: Stream): State;
  step(oracle: Oracle, state: State): State;
  /** The same, stopping at each product with X: lets several probes share them (fit-many.ts). */
  readonly stages?: Stages<State>;
  /** Frees what the state holds in the oracle (margins). */
  release?(oracle: Oracle, state: State): void;
}
