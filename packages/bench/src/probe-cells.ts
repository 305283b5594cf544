/** @file The cells of a row that every fitted probe has. What it does on its training rows its certificate knows. */
import type { FitResult, LinearProbe, Scores } from "@linear-probes/core";
import type { Fig05Row, ProbeCells } from "./rows.ts";

export function probeCells(fit: FitResult, test: Scores, l2: number): ProbeCells {
  return { ...gapCells(fit), testError: test.error, trainError: fit.certificate.trainError, l2, passes: fit.passes };
}

function gapCells({ status, certificate: { dualityGap, relativeGap } }: FitResult) {
  return { status, gapNats: dualityGap, relativeGap: Number.isFinite(relativeGap) ? relativeGap : null };
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
  validation: Scores,
  choices: Pick<FittedProbe["cells"], "l2" | "scaling" | "certified" | "passes">,
): FittedProbe {
  const cells = {
    ...gapCells(fit),
    trainError: fit.certificate.trainError,
    trainLoss: fit.certificate.loss,
    validationError: validation.error,
    ...choices,
  };
  return { probe: fit.probe, cells };
}
