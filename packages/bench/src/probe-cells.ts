/** @file The cells of a row that every fitted probe has. */
import {
  evaluateOnValidation,
  type FitResult,
  labelled,
  type LabelledFeatures,
  type LinearProbe,
  type Runtime,
  type Scores,
} from "@linear-probes/core";
import type { Fig05Row, ProbeCells } from "./rows.ts";

export function probeCells(
  fit: FitResult,
  scores: { readonly test: Scores; readonly train: Scores },
  l2: number,
): ProbeCells {
  return { ...gapCells(fit), testError: scores.test.error, trainError: scores.train.error, l2, passes: fit.passes };
}

function gapCells({ status, certificate: { dualityGap, relativeGap } }: FitResult) {
  return { status, gapNats: dualityGap, relativeGap: Number.isFinite(relativeGap) ? relativeGap : null };
}

/**
 * Scores of the very probe on its own training rows. (A certificate's loss is that of the probe with its bias solved,
 * which would flatter a solver that left the bias off.) Training rows may stand for any role but the test.
 */
export function scoresOnTrain(
  runtime: Runtime,
  { probe }: Pick<FitResult, "probe">,
  { features, labels, classes }: LabelledFeatures<"train">,
): Scores {
  return evaluateOnValidation(runtime, probe, labelled("validation", features, labels, classes));
}

/** A probe of figure 5 before the test images are looked at. */
export interface FittedProbe {
  readonly probe: LinearProbe;
  readonly cells: Omit<
    Extract<Fig05Row, { kind: "probe" }>,
    "kind" | "step" | "epoch" | "tap" | "depth" | "features" | "protocol" | "testError"
  >;
}

/** And after. */
export type ConvnetProbe = FittedProbe["cells"] & { readonly testError: number };

export function fittedProbe(
  fit: FitResult,
  scores: { readonly train: Scores; readonly validation: Scores },
  choices: Pick<FittedProbe["cells"], "l2" | "scaling" | "certified" | "passes">,
): FittedProbe {
  const cells = {
    ...gapCells(fit),
    trainError: scores.train.error,
    trainLoss: scores.train.loss,
    validationError: scores.validation.error,
    ...choices,
  };
  return { probe: fit.probe, cells };
}
