/**
 * @file Steps that stop at their products with X, so that those of several probes on the same features can be made in one
 * traversal (fit-many.ts). Alone, `perform` makes each product when it is asked for.
 */
import type { Margins } from "./kernels/kernels.ts";
import type { From, Oracle } from "./oracle.ts";
import type { Iterate, Solver } from "./solver.ts";
import type { Stream } from "./stream.ts";

/** `oracle.valueAndGradient(theta, gradient, margins, from)`, or `oracle.gradientAt(margins, theta, gradient)`. */
export interface Product {
  readonly kind: "value" | "gradient";
  readonly margins: Margins;
  readonly theta: Float64Array;
  readonly gradient: Float64Array;
  readonly from?: From | undefined;
}

/** Yields the products it waits for, and is told the objective there. */
export type Staged<T> = Generator<Product, T, number>;

/** `init` and `step` of a solver, staged. */
export interface Stages<State extends Iterate> {
  init(oracle: Oracle, start: Float64Array, stream: Stream): Staged<State>;
  step(oracle: Oracle, state: State): Staged<State>;
}

/** Runs to the end, every product made at once. */
export function perform<T>(oracle: Oracle, staged: Staged<T>): T {
  let reached = staged.next();
  while (reached.done !== true) {
    const { kind, margins, theta, gradient, from } = reached.value;
    reached = staged.next(
      kind === "value"
        ? oracle.valueAndGradient(theta, gradient, margins, from)
        : oracle.gradientAt(margins, theta, gradient),
    );
  }
  return reached.value;
}

/** A solver from staged `init` and `step`. */
export function stagedSolver<State extends Iterate>(
  given: Omit<Solver<State>, "init" | "step" | "stages"> & Stages<State>,
): Solver<State> {
  return {
    ...given,
    stages: given,
    init: (oracle, start, stream) => perform(oracle, given.init(oracle, start, stream)),
    step: (oracle, state) => perform(oracle, given.step(oracle, state)),
  };
}
