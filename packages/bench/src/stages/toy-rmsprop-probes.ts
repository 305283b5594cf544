/** @file The RMSProp curves of figure 3: the paper's solver with a fixed budget, on raw or on standardised features. */
import { evaluateOnTest, fit, type Runtime, type Scaling, stepBudget, type Stream } from "@linear-probes/core";
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

export function rmspropToyProbe(
  runtime: Runtime,
  { train, test }: ToyLayer,
  scaling: Scaling,
  stream: Stream,
  { l2, epochs, batch, learningRate, decay }: RmspropSettings,
): ProbeCells {
  const result = fit(runtime, { train, l2, scaling }, rmsprop({ batch, learningRate, decay }), {
    stream,
    stop: [stepBudget(epochs)],
  });
  return probeCells(result, evaluateOnTest(runtime, result.probe, test), l2);
}
