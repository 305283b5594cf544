/** @file The cells of a row that every fitted probe has. */
import {
  evaluateOnValidation,
  type FitResult,
  labelled,
  type LabelledFeatures,
  type Runtime,
  type Scores,
} from "@linear-probes/core";
import type { Fig05Row, ProbeCells } from "./rows.ts";

export function probeCells(
  fit: FitResult,
  scores: { readonly test: Scores; readonly train: Scores },
  l2: number,
): ProbeCells {
  const { dualityGap, relativeGap } = fit.certificate;
  return {
    testError: scores.test.error,
    trainError: scores.train.error,
    gapNats: dualityGap,
    relativeGap: Number.isFinite(relativeGap) ? relativeGap : null,
    l2,
    status: fit.status,
    passes: fit.passes,
  };
}

/**
 * Scores of the very probe on its own training rows. (A certificate's loss is that of the probe with its bias solved,
 * which would flatter a solver that left the bias off.) Training rows may stand for any role but the test.
 */
export function scoresOnTrain(
  runtime: Runtime,
  { probe }: FitResult,
  { features, labels, classes }: LabelledFeatures<"train">,
): Scores {
  return evaluateOnValidation(runtime, probe, labelled("validation", features, labels, classes));
}

/** What figure 5 says of a probe besides. */
export type ConvnetProbe = Omit<
  Extract<Fig05Row, { kind: "probe" }>,
  "kind" | "step" | "epoch" | "tap" | "depth" | "features" | "protocol"
>;

export function convnetProbe(
  fit: FitResult,
  scores: { readonly train: Scores; readonly validation: Scores; readonly test: Scores },
  { l2, scaling, certified }: Pick<ConvnetProbe, "l2" | "scaling" | "certified">,
): ConvnetProbe {
  return {
    ...probeCells(fit, scores, l2),
    scaling,
    certified,
    validationError: scores.validation.error,
    trainLoss: scores.train.loss,
  };
}
