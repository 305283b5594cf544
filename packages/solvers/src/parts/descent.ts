/**
 * @file What the line-search solvers share: a point with its margins, and a move along a direction that costs one
 * forward product (the direction's margins) and one backward product (the new gradient).
 */
import { dot, perform, type Iterate, type Margins, type Oracle, type Staged } from "@linear-probes/core";
import { lineSearch } from "./line-search.ts";

export interface Point extends Iterate {
  readonly objective: number;
  readonly gradient: Float64Array;
  readonly margins: Margins; // Z of θ
  readonly direction: Margins; // scratch for D of the search direction
}

/** The point at `start`. One pass. */
export function pointAt(oracle: Oracle, start: Float64Array): Point {
  return perform(oracle, stagedPointAt(oracle, start));
}

export function* stagedPointAt(oracle: Oracle, start: Float64Array): Staged<Point> {
  const margins = oracle.createMargins();
  const direction = oracle.createMargins();
  const gradient = new Float64Array(oracle.dimension);
  yield { kind: "margins", theta: start, out: margins };
  const objective = yield { kind: "gradient", margins, theta: start, gradient };
  return { theta: start, objective, gradient, margins, direction };
}

export interface Move {
  readonly point: Point;
  readonly t: number; // how far along delta
}

/** The least point along `delta`; the same point, stalled, when there is none. One pass. */
export function descend(oracle: Oracle, point: Point, delta: Float64Array, accuracy: number, firstTrial = 1): Move {
  return perform(oracle, stagedDescend(oracle, point, delta, accuracy, firstTrial));
}

export function* stagedDescend(
  oracle: Oracle,
  point: Point,
  delta: Float64Array,
  accuracy: number,
  firstTrial = 1,
): Staged<Move> {
  const { theta, gradient, margins, direction } = point;
  const slope = dot(gradient, delta);
  if (!(slope < 0)) return stalled(point, "The search direction does not descend: the gradient is at rounding level.");
  yield { kind: "margins", theta: delta, out: direction };
  const t = lineSearch(oracle, { margins, direction, theta, delta }, slope, accuracy, firstTrial);
  if (t === undefined) return stalled(point, "The line search found no minimum: the slope is at rounding level.");
  oracle.advance(margins, direction, t);
  const next = theta.map((value, at) => value + t * delta[at]!);
  const nextGradient = new Float64Array(oracle.dimension);
  const objective = yield { kind: "gradient", margins, theta: next, gradient: nextGradient };
  return { point: { ...point, theta: next, objective, gradient: nextGradient }, t };
}

function stalled(point: Point, reason: string): Move {
  return { point: { ...point, stalled: reason }, t: 0 };
}

export function releasePoint(oracle: Oracle, { margins, direction }: Point): void {
  oracle.releaseMargins(margins);
  oracle.releaseMargins(direction);
}
