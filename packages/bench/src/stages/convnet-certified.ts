/**
 * @file Figure 5 with certified probes: L-BFGS along a path of l2, from strong to weak, each fit started from the last;
 * the l2 is chosen on validation rows, and the probe of that l2 is fitted to all training rows. Of wide taps the path
 * takes the first training rows only, and what it chose is taken further on all rows.
 *
 * The features are not rescaled column by column: that would blow up pixels that are almost always blank. One number
 * per tap suffices, and it goes into the penalty: l2 = strength · Σⱼ var(xⱼ). So the same strengths mean the same at
 * every tap, whatever its width and the scale of its activations.
 */
import {
  certifiedGap,
  createDerived,
  evaluateOnValidation,
  fit,
  type FitHooks,
  type FitResult,
  labelled,
  type LabelledFeatures,
  type LinearProbe,
  passBudget,
  type Runtime,
  type Scores,
  type Stream,
} from "@linear-probes/core";
import { fitPath, lbfgs, type PathOptions } from "@linear-probes/solvers";
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

/** `startAt` says where each fit of the path starts (fit-path.ts); `path` are its probes, by falling l2. */
export function certifiedProbe(
  runtime: Runtime,
  { train, validation }: TapFeatures,
  stream: Stream,
  { strengths, pathCells = Infinity, pathGap, chosenGap, gapNats = 0, passes }: CertifiedPathSettings,
  hooks: FitHooks,
  startAt?: PathOptions["startAt"],
): FittedProbe & { readonly path: readonly LinearProbe[] } {
  const scaling = "none";
  const { rows, cols } = train.features;
  const totalVariance = train.features.moments().variance.reduce((sum, variance) => sum + variance, 0);
  const some = firstRows(runtime, train, Math.min(rows, Math.floor(pathCells / cols)));
  const path = fitPath(runtime, { train: some, validation, scaling }, lbfgs(), {
    l2: strengths.map((strength) => strength * totalVariance),
    stop: [certifiedGap({ relative: pathGap, absolute: gapNats }), passBudget(passes)],
    stream: stream.split("path"),
    hooks,
    ...(startAt && { startAt }),
  });
  if (some !== train) some.features.release();

  // Fewer rows want a stronger penalty: on all rows weaker ones follow for as long as they do better.
  const derived = createDerived();
  const fitAll = (l2: number, start: LinearProbe): Candidate => {
    const result = fit(runtime, { train, l2, scaling }, lbfgs(), {
      start,
      stop: [certifiedGap({ relative: chosenGap, absolute: gapNats }), passBudget(passes)],
      stream: stream.split("chosen"),
      hooks,
      derived,
    });
    return { l2, result, validation: evaluateOnValidation(runtime, result.probe, validation) };
  };
  let allPasses = 0;
  let best: Candidate;
  try {
    best = fitAll(path.chosen.l2, path.chosen.fit.probe);
    allPasses += best.result.passes;
    for (const { l2 } of path.points.filter((point) => some !== train && point.l2 < path.chosen.l2)) {
      const weaker = fitAll(l2, best.result.probe);
      allPasses += weaker.result.passes;
      if (!(weaker.validation.error < best.validation.error)) break;
      best = weaker;
    }
  } finally {
    derived.release();
  }
  const { l2, result, validation: scored } = best;
  const { relativeGap, dualityGap } = result.certificate;
  const certified = relativeGap <= chosenGap || dualityGap <= gapNats;
  const scores = { train: scoresOnTrain(runtime, result, train), validation: scored };
  // Passes over all rows, those over some of them counted by their share.
  const share = some.labels.length / rows;
  const fitted = fittedProbe(result, scores, { l2, scaling, certified, passes: path.passes * share + allPasses });
  return { ...fitted, path: path.points.map((point) => point.fit.probe) };
}

interface Candidate {
  readonly l2: number;
  readonly result: FitResult;
  readonly validation: Scores;
}

const BLOCK_CELLS = 2 ** 24; // copied at a time

function firstRows(runtime: Runtime, all: LabelledFeatures<"train">, count: number): LabelledFeatures<"train"> {
  const { features, labels, classes } = all;
  if (count === features.rows) return all;
  const writer = runtime.createFeatures({ rows: count, cols: features.cols, storage: "buffer", name: "l2 path" });
  const step = Math.max(1, Math.floor(BLOCK_CELLS / features.cols));
  for (let start = 0; start < count; start += step) {
    const length = Math.min(step, count - start);
    writer.write(start, features.readRows(Int32Array.from({ length }, (_, row) => start + row)));
  }
  return labelled("train", writer.finish(), labels.subarray(0, count), classes);
}
