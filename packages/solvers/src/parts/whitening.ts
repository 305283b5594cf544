/**
 * @file Whitening for the row-wise solvers: steps along the principal axes of the features, longer where they vary less
 * (core's principal-axes.ts). The objective, the penalty with it, stays what the probe declares: only the metric of the
 * step changes. It costs a float32 copy of X, half a pass and the sample's share of one, and arithmetic of d/(2k) passes.
 */
import type { Coordinates, SolverFacts } from "@linear-probes/core";

const MOST_COLUMNS = 1024; // an eigensystem of S takes d³
const MOST_COPY_BYTES = 2 ** 31;

interface WhitenedSolver {
  readonly coordinates?: Coordinates;
  unsupported?(facts: SolverFacts): string | undefined;
}

/** What a solver says of itself when it works on whitened features; nothing otherwise. */
export function whitening(whitened: boolean): WhitenedSolver {
  return whitened ? { coordinates: "whitened", unsupported: tooLarge } : {};
}

function tooLarge({ rows, cols }: SolverFacts): string | undefined {
  if (cols > MOST_COLUMNS) return `${cols} columns are more than the ${MOST_COLUMNS} that can be whitened: use lbfgs.`;
  const bytes = 4 * rows * cols;
  if (bytes <= MOST_COPY_BYTES) return undefined;
  return `A whitened copy of the features would take ${bytes} bytes, more than ${MOST_COPY_BYTES}: use lbfgs.`;
}
