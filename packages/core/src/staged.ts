/**
 * @file Steps that stop at their products with X, so that those of several probes on the same features can be made in one
 * traversal (fit-many.ts). Alone, `perform` makes each product when it is asked for.
 */
import type { Margins } from "./kernels/kernels.ts";
import type { From, Oracle, RmspropSweep } from "./oracle.ts";
import type { Iterate, Solver } from "./solver.ts";
import type { Stream } from "./stream.ts";

/**
 * `oracle.valueAndGradient(theta, gradient, margins, from)`, `oracle.gradientAt(margins, theta, gradient)` or
 * `oracle.rmspropEpoch(sweep)`.
 */
export type Product =
  | {
      readonly kind: "value" | "gradient";
      readonly margins: Margins;
      readonly theta: Float64Array;
      readonly gradient: Float64Array;
      readonly from?: From | undefined;
    }
  | { readonly kind: "epoch"; readonly sweep: RmspropSweep };

/** Yields the products it waits for, and is told what they return. */
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
    reached = staged.next(make(oracle, reached.value));
  }
  return reached.value;
}

function make(oracle: Oracle, product: Product): number {
  switch (product.kind) {
    case "value":
      return oracle.valueAndGradient(product.theta, product.gradient, product.margins, product.from);
    case "gradient":
      return oracle.gradientAt(product.margins, product.theta, product.gradient);
    case "epoch":
      return oracle.rmspropEpoch(product.sweep);
    default:
      return product satisfies never;
  }
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
