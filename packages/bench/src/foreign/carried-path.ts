/**
 * @file Warm starts across checkpoints: the probes of a whole path of l2, carried from one checkpoint's features to the
 * next one's. A fit starts from the carried probe of its l2 or from the fit before it, whichever has the lesser objective.
 */
import {
  evaluateOnValidation,
  type Features,
  labelled,
  type LabelledFeatures,
  type LinearProbe,
  type Runtime,
} from "@linear-probes/core";
import type { PathOptions } from "@linear-probes/solvers";
import { onRaw, onStandardized } from "../stages/warm-start.ts";
import type { StoredArray } from "../stored-value.ts";

/** By falling l2, on standardised features: the scale of a tap's features changes in training. */
export type CarriedPath = readonly LinearProbe[];

/** More bytes of a path than this are not kept, and the next checkpoint's fits start from nothing. */
const MOST_PATH_BYTES = 2 ** 26;

export function canBeCarried(strengths: number, classes: number, cols: number): boolean {
  return 8 * strengths * classes * (cols + 1) <= MOST_PATH_BYTES;
}

export interface Starts {
  readonly startAt: NonNullable<PathOptions["startAt"]>;
  /** Traversals of the rows that choosing has taken so far. */
  passes(): number;
}

export function startsFrom(runtime: Runtime, train: LabelledFeatures<"train">, carried: CarriedPath): Starts {
  const { features, labels, classes } = train;
  const rows = labelled("validation", features, labels, classes); // chosen on, and so no test
  let passes = 0;
  const objective = ({ weights, ...probe }: LinearProbe, l2: number): number => {
    passes += 1;
    const { loss } = evaluateOnValidation(runtime, { weights, ...probe }, rows);
    return loss + (l2 / 2) * weights.reduce((sum, w) => sum + w * w, 0);
  };
  return {
    startAt(l2, at, before) {
      const old = carried[at];
      if (old === undefined) return before;
      const probe = onRaw(old, features);
      const otherwise = before === undefined ? Math.log(classes) : objective(before, l2);
      return objective(probe, l2) < otherwise ? probe : before;
    },
    passes: () => passes,
  };
}

export function carriedPath(path: readonly LinearProbe[], features: Features): CarriedPath {
  return path.map((probe) => onStandardized(probe, features));
}

/** For the store. */
export function pathArrays(path: CarriedPath): Record<string, StoredArray> {
  return Object.fromEntries(
    path.flatMap(({ weights, bias }, at) => [
      [`path/${at}/weights`, weights],
      [`path/${at}/bias`, bias],
    ]),
  );
}

/** And back; nothing where the arrays hold no path. */
export function pathOf(arrays: Readonly<Record<string, StoredArray>>): CarriedPath {
  const path: LinearProbe[] = [];
  for (let at = 0; ; at++) {
    const [weights, bias] = [arrays[`path/${at}/weights`], arrays[`path/${at}/bias`]];
    if (!(weights instanceof Float64Array && bias instanceof Float64Array)) return path;
    path.push({ classes: bias.length, cols: weights.length / bias.length, weights, bias });
  }
}
