/**
 * @file The probes of figures 7 and 8, on training rows as the paper's are: to a certified optimum on standardised
 * features, and the paper's way, RMSProp on raw features for a fixed number of epochs.
 *
 * Pixels (layer 0) are not standardised: that would blow up those that are almost always blank.
 */
import {
  certifiedGap,
  fit,
  type FitResult,
  type LinearProbe,
  passBudget,
  type Runtime,
  stepBudget,
  type Stream,
} from "@linear-probes/core";
import { lbfgs, rmsprop } from "@linear-probes/solvers";
import type { LayerFeatures } from "./deep-activations.ts";

export type DeepCertifiedSettings = {
  readonly l2: number;
  readonly relativeGap: number; // certified, at which a fit ends
  readonly passes: number; // budget
};

export type DeepRmspropSettings = {
  readonly l2: number;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly decay: number;
};

export interface FittedProbe {
  readonly cells: {
    readonly layer: number;
    readonly features: number;
    readonly rows: number;
    readonly scaling: string;
    readonly l2: number;
    readonly trainError: number;
    readonly trainLoss: number; // nats
    readonly objective: number; // nats
    readonly gapNats: number | null; // null: nothing is proved
    readonly relativeGap: number | null;
    readonly certified: boolean;
    readonly status: string;
    readonly passes: number;
  };
  readonly probe: LinearProbe;
}

/** Where a fit may start: at the layer's own probe of an earlier step, or at what the layer below answers. */
export interface Starts {
  readonly earlier?: LinearProbe | undefined;
  readonly carried?: LinearProbe | undefined;
}

export function certifiedDeepProbe(
  runtime: Runtime,
  features: LayerFeatures,
  stream: Stream,
  { l2, relativeGap, passes }: DeepCertifiedSettings,
  { earlier, carried }: Starts = {},
): FittedProbe {
  const { train, layer } = features;
  const scaling = layer === 0 ? "none" : "standardize";
  const start = earlier ?? carried;
  const result = fit(runtime, { train, l2, scaling }, lbfgs({ nearby: start !== undefined && start === carried }), {
    stream,
    stop: [certifiedGap({ relative: relativeGap }), passBudget(passes)],
    ...(start !== undefined && { start }),
  });
  return fitted(features, result, { scaling, l2, certified: result.status === "converged" });
}

export function rmspropDeepProbe(
  runtime: Runtime,
  features: LayerFeatures,
  stream: Stream,
  { l2, epochs, batch, learningRate, decay }: DeepRmspropSettings,
): FittedProbe {
  const scaling = "none";
  const { train } = features;
  const result = fit(runtime, { train, l2, scaling }, rmsprop({ batch, learningRate, decay }), {
    stream,
    stop: [stepBudget(epochs)],
  });
  return fitted(features, result, { scaling, l2, certified: false });
}

function fitted(
  { layer, train }: LayerFeatures,
  { probe, certificate, status, passes }: FitResult,
  declared: { readonly scaling: string; readonly l2: number; readonly certified: boolean },
): FittedProbe {
  const { objective, dualityGap, relativeGap } = certificate;
  return {
    probe,
    cells: {
      layer,
      features: train.features.cols,
      rows: train.features.rows,
      ...declared,
      trainError: certificate.trainError,
      trainLoss: certificate.loss,
      objective,
      gapNats: Number.isFinite(dualityGap) ? dualityGap : null,
      relativeGap: Number.isFinite(relativeGap) ? relativeGap : null,
      status,
      passes,
    },
  };
}
