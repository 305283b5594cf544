/**
 * @file Figure 5 with certified probes: L-BFGS along a path of l2, from strong to weak, each fit started from the last;
 * the l2 is chosen on validation rows, and the probe of that l2 is fitted to all training rows. Of wide taps the path
 * takes the first training rows only, and what it chose is taken further on all rows; of wide taps that are feature maps
 * it takes all rows in sums of neighbouring cells (convnet-coarse.ts). Of taps that are an affine map of the input
 * (convnet-affine.ts) the path takes all rows in as many numbers as there are pixels, which loses nothing.
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
import { fitPath, lbfgs, type PathOptions, type PathPoint, type PathResult } from "@linear-probes/solvers";
import { type FittedProbe, fittedProbe } from "../probe-cells.ts";
import type { TapFeatures } from "./convnet-activations.ts";
import type { Reduced } from "./convnet-affine.ts";
import type { Coarse } from "./convnet-coarse.ts";
import { totalVariance } from "./total-variance.ts";

export type CertifiedPathSettings = {
  readonly strengths: readonly number[]; // l2 over the total variance of the features
  readonly pathCells?: number; // rows × columns that the path may take; absent: all rows
  readonly pathRows?: number; // that it takes at least
  readonly pathSide?: number; // of the squares of cells whose sums it takes instead; absent: rows
  readonly pathGap: number; // relative, certified, along the path
  readonly chosenGap: number; // and for the probe that is reported
  readonly gapNats?: number; // a gap that is small enough whatever the objective
  readonly passes: number; // budget of each fit
};

/** What is fitted to and chosen by, the same in fewer numbers where there are such, and how to make sums of cells. */
export type FittingRows = Pick<TapFeatures, "train" | "validation"> & {
  readonly reduced?: Reduced;
  readonly coarse?: (side: number) => Coarse;
};

/** `startAt` says where each fit of the path starts (fit-path.ts); `path` are its probes, by falling l2. */
export function certifiedProbe(
  runtime: Runtime,
  given: FittingRows,
  stream: Stream,
  settings: CertifiedPathSettings,
  hooks: FitHooks,
  startAt?: PathOptions["startAt"],
): FittedProbe & { readonly path: readonly LinearProbe[] } {
  const { train, validation, reduced } = given;
  const { strengths, chosenGap, gapNats = 0, passes } = settings;
  const scaling = "none";
  const stop = (relative: number) => [certifiedGap({ relative, absolute: gapNats }), passBudget(passes)];
  const variance = totalVariance(train.features);
  const preview = previewOf(given, settings);
  let path: PathResult;
  try {
    path = fitPath(runtime, { train: preview.train, validation: preview.validation, scaling }, lbfgs(), {
      l2: strengths.map((strength) => strength * variance),
      stop: stop(preview.gap),
      stream: stream.split("path"),
      hooks,
      ...(startAt && { startAt }),
    });
  } finally {
    preview.release();
  }
  // Passes over all rows and columns, those over some of them counted by their share.
  const share = (numbersIn(preview.train) / numbersIn(train)) * path.passes;

  const derived = createDerived();
  let allPasses = 0;
  const fitAll = (l2: number, start: LinearProbe, relative = chosenGap): PathPoint => {
    const result = fit(runtime, { train, l2, scaling }, lbfgs(), {
      start,
      judgeStart: reduced !== undefined, // nothing is lost in fewer numbers, and so there may be nothing to do
      stop: stop(relative),
      stream: stream.split("chosen"),
      hooks,
      derived,
    });
    allPasses += result.passes;
    return { l2, fit: result, validation: evaluateOnValidation(runtime, result.probe, validation) };
  };
  const { chosen } = path;
  const isDone = preview.isWhole && chosen.fit.status === "converged";
  let best: PathPoint;
  try {
    best = isDone ? chosen : fitAll(chosen.l2, preview.lift(chosen.fit.probe));
    for (const l2 of preview.others(path)) {
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
  const fitted = fittedProbe(result, scored, { l2, scaling, certified, passes: share + allPasses });
  return {
    ...fitted,
    // Only when asked for, which few callers do: every probe is as wide as all features.
    get path() {
      return path.points.map((point) => preview.lift(point.fit.probe));
    },
  };
}

/** What the path is fitted to and chosen by, in the place of all rows and features. */
interface Preview extends Pick<FittingRows, "train" | "validation"> {
  readonly gap: number; // relative, certified
  /** Whether it is all rows and features. */
  readonly isWhole: boolean;
  /** The probe on all features that answers as `probe` does on these. */
  lift(probe: LinearProbe): LinearProbe;
  /** Other l2 of the path that might do better on all, to be tried for as long as they do. */
  others(path: PathResult): number[];
  release(): void;
}

function previewOf({ train, validation, reduced, coarse }: FittingRows, settings: CertifiedPathSettings): Preview {
  const { pathCells = Infinity, pathRows = 1, pathSide, pathGap, chosenGap } = settings;
  const { rows, cols } = train.features;
  const whole: Preview = {
    train,
    validation,
    gap: chosenGap,
    isWhole: true,
    lift: (probe) => probe,
    others: () => [],
    release: () => {},
  };
  if (reduced !== undefined) {
    const { train, validation } = reduced;
    return { ...whole, train, validation, lift: (probe) => reduced.lift(probe), isWhole: false };
  }
  const enough = Math.max(pathRows, Math.floor(pathCells / cols));
  // Of more than half of the rows the path may as well take all: there its last fit is the probe.
  if (2 * enough >= rows) return whole;
  const part = { ...whole, gap: pathGap, isWhole: false };
  // Fewer rows want a stronger penalty: on all of them weaker ones may do better.
  if (coarse === undefined || pathSide === undefined)
    return { ...part, train: firstRows(train, enough), others: weaker };
  // Fewer numbers want a weaker one.
  return { ...part, ...coarse(pathSide), others: strongerAndNear };
}

/** By falling l2. */
function weaker({ points, chosen }: PathResult): number[] {
  return points.map(({ l2 }) => l2).filter((l2) => l2 < chosen.l2);
}

/** By rising l2, those that did nearly as well. */
function strongerAndNear({ points, chosen }: PathResult): number[] {
  const near = NEARLY * chosen.validation.error;
  const close = points.filter(({ l2, validation }) => l2 > chosen.l2 && validation.error <= near);
  return close.map(({ l2 }) => l2).toReversed();
}

const NEARLY = 1.1;

const numbersIn = ({ features: { rows, cols } }: LabelledFeatures<"train">): number => rows * cols;

/** Another penalty that does no better when its gap is so many times too wide is not taken further. */
const TRIED_FACTOR = 5;

/** The first rows; what they hold beside `all` is nothing. */
function firstRows({ features, labels, classes }: LabelledFeatures<"train">, count: number): LabelledFeatures<"train"> {
  return labelled("train", features.head(count), labels.subarray(0, count), classes);
}
