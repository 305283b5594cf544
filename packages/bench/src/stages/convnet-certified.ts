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
  type Derived,
  evaluateOnValidation,
  fit,
  type FitHooks,
  type FitResult,
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
import type { Coarse, CoarseGrid } from "./convnet-coarse.ts";

export type CertifiedPathSettings = {
  readonly strengths: readonly number[]; // l2 over the total variance of the features
  readonly pathCells?: number; // rows × columns that the path may take; absent: all rows
  readonly pathRows?: number; // that it takes at least
  readonly coarse?: CoarseSettings; // of taps of which the path would not take all rows
  readonly pathGap: number; // relative, certified, along the path
  readonly chosenGap: number; // and for the probe that is reported
  readonly gapNats?: number; // a gap that is small enough whatever the objective
  readonly passes: number; // budget of each fit
};

export type CoarseSettings = {
  readonly sides: readonly number[]; // of the squares of cells: the path takes the first, what it chose goes on in the others
  readonly cells: number; // a side that leaves more numbers, rows × columns, is passed over
  readonly gap: number; // relative, certified, in the others
};

/** What is fitted to and chosen by, the same in fewer numbers where there are such, and in sums of cells. */
export type FittingRows = Pick<TapFeatures, "train" | "validation"> & {
  readonly reduced?: Reduced;
  readonly grid?: CoarseGrid;
};

/** `startAt` says where each fit of the path starts (fit-path.ts); `path` are its probes, by falling l2. */
export function certifiedProbe(
  runtime: Runtime,
  rows: FittingRows,
  stream: Stream,
  settings: CertifiedPathSettings,
  hooks: FitHooks,
  startAt?: PathOptions["startAt"],
): FittedProbe & { readonly path: readonly LinearProbe[] } {
  const { train, validation } = rows;
  const { strengths, chosenGap, gapNats = 0, passes } = settings;
  const totalVariance = train.features.moments().variance.reduce((sum, variance) => sum + variance, 0);
  const l2 = strengths.map((strength) => strength * totalVariance);
  const fits: Fits = {
    runtime,
    rows,
    settings,
    path: (some, relative) =>
      fitPath(runtime, { ...some, scaling }, lbfgs(), {
        l2,
        stop: [certifiedGap({ relative, absolute: gapNats }), passBudget(passes)],
        stream: stream.split("path"),
        hooks,
        ...(startAt && { startAt }),
      }),
    fit: (some, l2, start, relative, derived) =>
      fit(runtime, { train: some, l2, scaling }, lbfgs(), {
        start,
        stop: [certifiedGap({ relative, absolute: gapNats }), passBudget(passes)],
        stream: stream.split("chosen"),
        hooks,
        ...(derived && { derived }),
      }),
  };
  const found = (sidesOf(rows, settings).length > 0 ? fromCells : fromRows)(fits);

  const derived = createDerived();
  let allPasses = found.passes;
  const fitAll = (l2: number, start: LinearProbe, relative = chosenGap): PathPoint => {
    const result = fits.fit(train, l2, start, relative, derived);
    allPasses += result.passes;
    return { l2, fit: result, validation: evaluateOnValidation(runtime, result.probe, validation) };
  };
  let best: PathPoint;
  try {
    best = found.done ?? fitAll(found.l2, found.probe);
    for (const l2 of found.others) {
      const tried = fitAll(l2, best.fit.probe, TRIED_FACTOR * chosenGap);
      if (!(tried.validation.error < best.validation.error)) break;
      best = fitAll(l2, tried.fit.probe);
    }
  } finally {
    derived.release();
  }
  const { fit: result, validation: scored } = best;
  const { relativeGap, dualityGap } = result.certificate;
  const certified = relativeGap <= chosenGap || dualityGap <= gapNats;
  const fitted = fittedProbe(result, scored, { l2: best.l2, scaling, certified, passes: allPasses });
  return { ...fitted, path: found.path };
}

const scaling = "none";

interface Fits {
  readonly runtime: Runtime;
  readonly rows: FittingRows;
  readonly settings: CertifiedPathSettings;
  readonly path: (rows: Pick<FittingRows, "train" | "validation">, relativeGap: number) => PathResult;
  readonly fit: (
    train: LabelledFeatures<"train">,
    l2: number,
    start: LinearProbe,
    relativeGap: number,
    derived?: Derived,
  ) => FitResult;
}

/** What a path found, for a fit to all rows and features. */
interface Found {
  readonly l2: number;
  readonly probe: LinearProbe;
  readonly done?: PathPoint | undefined; // the path's own, where that is such a fit
  readonly others: readonly number[]; // l2 that might do better on all, to be tried for as long as they do
  readonly passes: number; // over all rows and features, those over some of them counted by their share
  readonly path: readonly LinearProbe[];
}

/** The path on the first rows, or on as many numbers as there are pixels. */
function fromRows({ rows: { train, validation, reduced }, settings, path }: Fits): Found {
  const { rows, cols } = train.features;
  const some = reduced?.train ?? firstRows(train, pathRowsOf(train, settings));
  const fewer = some.labels.length < rows;
  const { points, chosen, passes } = path(
    { train: some, validation: reduced?.validation ?? validation },
    fewer ? settings.pathGap : settings.chosenGap,
  );
  const found = chosen.fit.probe;
  return {
    l2: chosen.l2,
    probe: reduced?.lift(found) ?? found,
    done: !fewer && reduced === undefined && chosen.fit.status === "converged" ? chosen : undefined,
    // Fewer rows want a stronger penalty: on all rows weaker ones may do better.
    others: fewer ? points.map(({ l2 }) => l2).filter((l2) => l2 < chosen.l2) : [],
    passes: (passes * some.labels.length * some.features.cols) / (rows * cols),
    path: points.map((point) => point.fit.probe),
  };
}

/** The path on sums of neighbouring cells, and what it chose on smaller sums. */
function fromCells({ rows: all, settings, path, fit }: Fits): Found {
  const { grid, train } = all;
  const [first, ...others] = sidesOf(all, settings);
  if (grid === undefined || first === undefined) throw new Error("unreachable: no sums of cells");
  const shareOf = (coarse: Coarse): number => coarse.train.features.cols / train.features.cols;
  const coarsest = grid.coarse(first);
  const { points, chosen, passes } = path(coarsest, settings.pathGap);
  const lifted = points.map((point) => coarsest.lift(point.fit.probe));
  let probe = coarsest.lift(chosen.fit.probe);
  let allPasses = passes * shareOf(coarsest);
  coarsest.release();
  for (const side of others) {
    const coarse = grid.coarse(side);
    const result = fit(coarse.train, chosen.l2, coarse.restrict(probe), settings.coarse?.gap ?? settings.pathGap);
    probe = coarse.lift(result.probe);
    allPasses += result.passes * shareOf(coarse);
    coarse.release();
  }
  const near = NEARLY * chosen.validation.error;
  return {
    l2: chosen.l2,
    probe,
    // Fewer numbers want a weaker penalty: with all of them stronger ones that did nearly as well may do better.
    others: points
      .filter(({ l2, validation }) => l2 > chosen.l2 && validation.error <= near)
      .map(({ l2 }) => l2)
      .toReversed(),
    passes: allPasses,
    path: lifted,
  };
}

const NEARLY = 1.1;

/** The sides of squares of cells for a path that would not take all rows otherwise. */
function sidesOf({ train, reduced, grid }: FittingRows, settings: CertifiedPathSettings): number[] {
  const { rows } = train.features;
  const { coarse } = settings;
  if (coarse === undefined || grid === undefined || reduced !== undefined) return [];
  if (pathRowsOf(train, settings) === rows) return [];
  return coarse.sides.filter((side) => rows * grid.columns(side) <= coarse.cells);
}

/** Of more than half of the rows the path may as well take all: there its last fit is the probe. */
function pathRowsOf({ features: { rows, cols } }: LabelledFeatures<"train">, settings: CertifiedPathSettings): number {
  const { pathCells = Infinity, pathRows = 1 } = settings;
  const enough = Math.max(pathRows, Math.floor(pathCells / cols));
  return 2 * enough < rows ? enough : rows;
}

/** Another penalty that does no better when its gap is so many times too wide is not taken further. */
const TRIED_FACTOR = 5;

/** The first rows; what they hold beside `all` is nothing. */
function firstRows({ features, labels, classes }: LabelledFeatures<"train">, count: number): LabelledFeatures<"train"> {
  return labelled("train", features.head(count), labels.subarray(0, count), classes);
}
