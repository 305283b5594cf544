/**
 * @file Figure 5 as the paper does it: RMSProp on minibatches of raw features, no regularisation to speak of, ended by
 * the error on validation rows; the best iterate is kept. What it returns is certified all the same, to show its gap.
 */
import {
  earlyStopping,
  evaluateOnValidation,
  fit,
  type FitHooks,
  type LabelledFeatures,
  type Runtime,
  stepBudget,
  type Stream,
} from "@linear-probes/core";
import { rmsprop } from "@linear-probes/solvers";
import { type FittedProbe, fittedProbe } from "../probe-cells.ts";
import type { TapFeatures } from "./convnet-activations.ts";

export type EarlyStoppingSettings = {
  readonly l2: number;
  readonly epochs: number; // at most
  readonly patience: number; // epochs without improvement
  readonly batch: number;
  readonly logitStep: number; // how far one step moves a logit of an ordinary row; sets the learning rate
  readonly decay: number;
};

/**
 * "A sufficiently small learning rate", said of any features: a step of RMSProp moves every weight by about the rate η,
 * and so a logit by at most about η·‖x‖₁. η = logitStep / mean ‖x‖₁, from the first training rows.
 */
export function learningRateFor({ features }: LabelledFeatures<"train">, logitStep: number): number {
  const rows = Math.min(1000, features.rows);
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const x = features.readRows([row]);
    for (let j = 0; j < x.length; j++) sum += Math.abs(x[j]!);
  }
  return sum > 0 ? (logitStep * rows) / sum : logitStep;
}

export function earlyStoppedProbe(
  runtime: Runtime,
  { train, validation }: Pick<TapFeatures, "train" | "validation">,
  stream: Stream,
  { l2, epochs, patience, batch, logitStep, decay }: EarlyStoppingSettings,
  hooks: FitHooks,
): FittedProbe {
  const scaling = "none";
  const learningRate = learningRateFor(train, logitStep);
  const result = fit(runtime, { train, l2, scaling }, rmsprop({ batch, learningRate, decay }), {
    stream,
    validation,
    stop: [earlyStopping({ patience }), stepBudget(epochs)],
    hooks,
  });
  return fittedProbe(result, evaluateOnValidation(runtime, result.probe, validation), {
    l2,
    scaling,
    certified: false,
    passes: result.passes,
  });
}
