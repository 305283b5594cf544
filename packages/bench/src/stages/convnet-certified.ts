/**
 * @file Figure 5 with certified probes: L-BFGS along a path of l2, from strong to weak, each fit started from the last;
 * the l2 is chosen on validation rows, and the probe of that l2 is fitted to all training rows. Of wide taps the path
 * takes the first training rows only, and what it chose is taken further on all rows. Of taps that are an affine map of
 * the input (convnet-affine.ts) the path takes all rows in as many numbers as there are pixels, which loses nothing.
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
  labelled,
  type LabelledFeatures,
  type LinearProbe,
  passBudget,
  type Runtime,
  type Stream,
} from "@linear-probes/core";
import { fitPath, lbfgs, type PathOptions, type PathPoint } from "@linear-probes/solvers";
import { type FittedProbe, fittedProbe } from "../probe-cells.ts";
import type { TapFeatures } from "./convnet-activations.ts";
import type { Reduced } from "./convnet-affine.ts";

export type CertifiedPathSettings = {
  readonly strengths: readonly number[]; // l2 over the total variance of the features
  readonly pathCells?: number; // rows × columns that the path may take; absent: all rows
  readonly pathRows?: number; // that it takes at least
  readonly pathGap: number; // relative, certified, along the path
  readonly chosenGap: number; // and for the probe that is reported
  readonly gapNats?: number; // a gap that is small enough whatever the objective
  readonly passes: number; // budget of each fit
};

/** What is fitted to and chosen by, and the same in fewer numbers where there are such. */
export type FittingRows = Pick<TapFeatures, "train" | "validation"> & { readonly reduced?: Reduced };

/** `startAt` says where each fit of the path starts (fit-path.ts); `path` are its probes, by falling l2. */
export function certifiedProbe(
  runtime: Runtime,
  { train, validation, reduced }: FittingRows,
  stream: Stream,
  { strengths, pathCells = Infinity, pathRows = 1, pathGap, chosenGap, gapNats = 0, passes }: CertifiedPathSettings,
  hooks: FitHooks,
  startAt?: PathOptions["startAt"],
): FittedProbe & { readonly path: readonly LinearProbe[] } {
  const scaling = "none";
  const { rows, cols } = train.features;
  const totalVariance = train.features.moments().variance.reduce((sum, variance) => sum + variance, 0);
  const enough = Math.max(pathRows, Math.floor(pathCells / cols));
  // Of more than half of the rows the path may as well take all: there its last fit is the probe.
  const some = reduced?.train ?? firstRows(train, 2 * enough < rows ? enough : rows);
  const fewer = some.labels.length < rows;
  const path = fitPath(runtime, { train: some, validation: reduced?.validation ?? validation, scaling }, lbfgs(), {
    l2: strengths.map((strength) => strength * totalVariance),
    stop: [certifiedGap({ relative: fewer ? pathGap : chosenGap, absolute: gapNats }), passBudget(passes)],
    stream: stream.split("path"),
    hooks,
    ...(startAt && { startAt }),
  });
  const found = path.chosen.fit.probe;

  // Fewer rows want a stronger penalty: on all rows weaker ones follow for as long as they do better.
  const derived = createDerived();
  let allPasses = 0;
  const fitAll = (l2: number, start: LinearProbe, relative = chosenGap): PathPoint => {
    const result = fit(runtime, { train, l2, scaling }, lbfgs(), {
      start,
      stop: [certifiedGap({ relative, absolute: gapNats }), passBudget(passes)],
      stream: stream.split("chosen"),
      hooks,
      derived,
    });
    allPasses += result.passes;
    return { l2, fit: result, validation: evaluateOnValidation(runtime, result.probe, validation) };
  };
  const isDone = !fewer && reduced === undefined && path.chosen.fit.status === "converged";
  let best: PathPoint;
  try {
    best = isDone ? path.chosen : fitAll(path.chosen.l2, reduced?.lift(found) ?? found);
    for (const { l2 } of path.points.filter((point) => fewer && point.l2 < path.chosen.l2)) {
      const tried = fitAll(l2, best.fit.probe, TRIED_FACTOR * chosenGap);
      if (!(tried.validation.error < best.validation.error)) break;
      best = fitAll(l2, tried.fit.probe);
    }
  } finally {
    derived.release();
  }
  const { l2, fit: result, validation: scored } = best;
  const { relativeGap, dualityGap } = result.certificate;
  const certified = relativeGap <= chosenGap || dualityGap <= gapNats;
  // Passes over all rows and columns, those over some of them counted by their share.
  const share = (some.labels.length * some.features.cols) / (rows * cols);
  const fitted = fittedProbe(result, scored, { l2, scaling, certified, passes: path.passes * share + allPasses });
  return { ...fitted, path: path.points.map((point) => point.fit.probe) };
}

/** A weaker penalty that does no better when its gap is so many times too wide is not taken further. */
const TRIED_FACTOR = 5;

/** The first rows; what they hold beside `all` is nothing. */
function firstRows({ features, labels, classes }: LabelledFeatures<"train">, count: number): LabelledFeatures<"train"> {
  return labelled("train", features.head(count), labels.subarray(0, count), classes);
}
