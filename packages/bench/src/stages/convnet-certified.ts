/**
 * @file Figure 5 with certified probes: L-BFGS along a path of l2, from strong to weak, each fit started from the last;
 * the l2 is chosen on validation rows, and the chosen probe is then brought to a tighter gap.
 *
 * The features are not rescaled column by column: that would blow up pixels that are almost always blank. One number
 * per tap suffices, and it goes into the penalty: l2 = strength · Σⱼ var(xⱼ). So the same strengths mean the same at
 * every tap, whatever its width and the scale of its activations.
 */
import {
  certifiedGap,
  evaluateOnTest,
  evaluateOnValidation,
  fit,
  type FitHooks,
  type FitResult,
  passBudget,
  type Runtime,
  type Stream,
} from "@linear-probes/core";
import { fitPath, lbfgs } from "@linear-probes/solvers";
import { type ConvnetProbe, convnetProbe, scoresOnTrain } from "../probe-cells.ts";
import type { TapFeatures } from "./convnet-activations.ts";

export type CertifiedPathSettings = {
  readonly strengths: readonly number[]; // l2 over the total variance of the features
  readonly pathGap: number; // relative, certified, along the path
  readonly chosenGap: number; // and for the probe that is reported
  readonly passes: number; // budget of each fit
};

export function certifiedProbe(
  runtime: Runtime,
  { train, validation, test }: TapFeatures,
  stream: Stream,
  { strengths, pathGap, chosenGap, passes }: CertifiedPathSettings,
  hooks: FitHooks,
): ConvnetProbe {
  const scaling = "none";
  const totalVariance = train.features.moments().variance.reduce((sum, variance) => sum + variance, 0);
  const path = fitPath(runtime, { train, validation, scaling }, lbfgs(), {
    l2: strengths.map((strength) => strength * totalVariance),
    stop: [certifiedGap({ relative: pathGap }), passBudget(passes)],
    stream: stream.split("path"),
    hooks,
  });
  const { l2, fit: rough } = path.chosen;
  const tighten = (): FitResult =>
    fit(runtime, { train, l2, scaling }, lbfgs(), {
      start: rough.probe,
      stop: [certifiedGap({ relative: chosenGap }), passBudget(passes)],
      stream: stream.split("chosen"),
      hooks,
    });
  const result = rough.certificate.relativeGap <= chosenGap ? rough : tighten();
  const scores = {
    train: scoresOnTrain(runtime, result, train),
    validation: evaluateOnValidation(runtime, result.probe, validation),
    test: evaluateOnTest(runtime, result.probe, test),
  };
  const cells = convnetProbe(result, scores, { l2, scaling, certified: result.certificate.relativeGap <= chosenGap });
  return { ...cells, passes: path.passes + (result === rough ? 0 : result.passes) };
}
