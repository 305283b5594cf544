/**
 * @file The RMSProp curves of figure 3: the paper's solver with a fixed budget, on raw and on standardised features. Both
 * see the same batches, side by side, so that their rows are brought in once.
 */
import { evaluateOnTest, fitMany, type Runtime, type Scaling, stepBudget, type Stream } from "@linear-probes/core";
import { rmsprop } from "@linear-probes/solvers";
import { probeCells } from "../probe-cells.ts";
import type { ProbeCells } from "../rows.ts";
import type { ToyLayer } from "./untrained-layers.ts";

export type RmspropSettings = {
  readonly l2: number;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly decay: number;
};

/** One probe for each scaling. */
export function rmspropToyProbes(
  runtime: Runtime,
  { train, test }: ToyLayer,
  scalings: readonly Scaling[],
  stream: Stream,
  { l2, epochs, batch, learningRate, decay }: RmspropSettings,
): readonly ProbeCells[] {
  const { fits } = fitMany(
    runtime,
    rmsprop({ batch, learningRate, decay }),
    scalings.map((scaling) => ({ problem: { train, l2, scaling }, stream, stop: [stepBudget(epochs)] })),
  );
  return fits.map((result) => probeCells(result, evaluateOnTest(runtime, result.probe, test), l2));
}
