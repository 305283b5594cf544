/** @file Parameters and accumulators of an engine as flat vectors, read and written by name. */
import type { LayerGraph } from "../graph.ts";
import { gather, parameterLayout, scatter } from "../graph-parameters.ts";
import type { ParameterLayout } from "../graph-parameters.ts";
import type { TrainingState } from "./engine.ts";
import { accumulatorCount } from "./optimizer.ts";
import type { Optimizer } from "./optimizer.ts";

export interface FlatState {
  readonly layout: ParameterLayout;
  readonly theta: Float32Array;
  readonly accumulators: readonly Float32Array[];
  step: number; // steps done
  read(): TrainingState;
  write(state: TrainingState): void;
}

/** How many vectors a state has. */
export function vectorCount(optimizer: Optimizer): number {
  return 1 + accumulatorCount(optimizer);
}

/** At step 0, in `vectors` of zeros, as many as `vectorCount` says. Default: of its own. */
export function createFlatState(
  graph: LayerGraph,
  optimizer: Optimizer,
  layout = parameterLayout(graph),
  vectors: readonly Float32Array[] = Array.from(
    { length: vectorCount(optimizer) },
    () => new Float32Array(layout.length),
  ),
): FlatState {
  const [theta, ...accumulators] = vectors;
  if (theta === undefined || vectors.length !== vectorCount(optimizer))
    throw new Error(`flat state: needs ${vectorCount(optimizer)} vectors`);
  return {
    layout,
    theta,
    accumulators,
    step: 0,
    read() {
      return {
        step: this.step,
        parameters: gather(layout, theta),
        accumulators: accumulators.map((flat) => gather(layout, flat)),
      };
    },
    write(state) {
      this.step = state.step;
      scatter(layout, state.parameters, theta);
      accumulators.forEach((flat, i) => {
        const values = state.accumulators[i];
        if (values === undefined) flat.fill(0);
        else scatter(layout, values, flat);
      });
    },
  };
}

/** Adds l2 · θ to a gradient in place: the part of the training loss that the engines' graphs leave out. */
export function addPenalty({ layout, theta }: FlatState, gradient: Float32Array): void {
  for (const { spec, start, length } of layout.segments)
    for (let i = start; i < start + length; i++) gradient[i] = gradient[i]! + spec.l2 * theta[i]!;
}
