/**
 * @file Figure 5 with certified probes: L-BFGS along a path of l2, from strong to weak, each fit started from the last;
 * the l2 is chosen on validation rows, and the probe of that l2 is fitted to all training rows. Of wide taps the path
 * takes the first training rows only: a choice among powers of ten does not need them all.
 *
 * The features are not rescaled column by column: that would blow up pixels that are almost always blank. One number
 * per tap suffices, and it goes into the penalty: l2 = strength · Σⱼ var(xⱼ). So the same strengths mean the same at
 * every tap, whatever its width and the scale of its activations.
 */
import {
  certifiedGap,
  evaluateOnValidation,
  fit,
  type FitHooks,
  labelled,
  type LabelledFeatures,
  passBudget,
  type Runtime,
  type Stream,
} from "@linear-probes/core";
import { fitPath, lbfgs } from "@linear-probes/solvers";
import { type FittedProbe, fittedProbe, scoresOnTrain } from "../probe-cells.ts";
import type { TapFeatures } from "./convnet-activations.ts";

export type CertifiedPathSettings = {
  readonly strengths: readonly number[]; // l2 over the total variance of the features
  readonly pathCells?: number; // rows × columns that the path may take; absent: all rows
  readonly pathGap: number; // relative, certified, along the path
  readonly chosenGap: number; // and for the probe that is reported
  readonly gapNats?: number; // a gap that is small enough whatever the objective
  readonly passes: number; // budget of each fit
};

export function certifiedProbe(
  runtime: Runtime,
  { train, validation }: TapFeatures,
  stream: Stream,
  { strengths, pathCells = Infinity, pathGap, chosenGap, gapNats = 0, passes }: CertifiedPathSettings,
  hooks: FitHooks,
): FittedProbe {
  const scaling = "none";
  const { rows, cols } = train.features;
  const totalVariance = train.features.moments().variance.reduce((sum, variance) => sum + variance, 0);
  const some = firstRows(runtime, train, Math.min(rows, Math.floor(pathCells / cols)));
  const path = fitPath(runtime, { train: some, validation, scaling }, lbfgs(), {
    l2: strengths.map((strength) => strength * totalVariance),
    stop: [certifiedGap({ relative: pathGap, absolute: gapNats }), passBudget(passes)],
    stream: stream.split("path"),
    hooks,
  });
  if (some !== train) some.features.release();
  const { l2, fit: start } = path.chosen;
  const result = fit(runtime, { train, l2, scaling }, lbfgs(), {
    start: start.probe,
    stop: [certifiedGap({ relative: chosenGap, absolute: gapNats }), passBudget(passes)],
    stream: stream.split("chosen"),
    hooks,
  });
  const scores = {
    train: scoresOnTrain(runtime, result, train),
    validation: evaluateOnValidation(runtime, result.probe, validation),
  };
  const { relativeGap, dualityGap } = result.certificate;
  const certified = relativeGap <= chosenGap || dualityGap <= gapNats;
  // Passes over all rows, those over some of them counted by their share.
  const share = some.labels.length / rows;
  return fittedProbe(result, scores, { l2, scaling, certified, passes: path.passes * share + result.passes });
}

const BLOCK_CELLS = 2 ** 24; // copied at a time

function firstRows(runtime: Runtime, all: LabelledFeatures<"train">, count: number): LabelledFeatures<"train"> {
  const { features, labels, classes } = all;
  if (count === features.rows) return all;
  const writer = runtime.createFeatures({ rows: count, cols: features.cols, name: "rows of the l2 path" });
  const step = Math.max(1, Math.floor(BLOCK_CELLS / features.cols));
  for (let start = 0; start < count; start += step) {
    const length = Math.min(step, count - start);
    writer.write(start, features.readRows(Int32Array.from({ length }, (_, row) => start + row)));
  }
  return labelled("train", writer.finish(), labels.subarray(0, count), classes);
}
