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

/** All zero at step 0, in shared memory. */
export function createFlatState(graph: LayerGraph, optimizer: Optimizer): FlatState {
  const layout = parameterLayout(graph);
  const vector = (): Float32Array => new Float32Array(new SharedArrayBuffer(layout.length * 4));
  const theta = vector();
  const accumulators = Array.from({ length: accumulatorCount(optimizer) }, vector);
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
