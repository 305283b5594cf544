/**
 * @file What the line-search solvers share: a point with its margins, and a move along a direction. The step that is
 * likely to be taken is tried at once with loss, gradient and margins in one traversal of X. Margins are linear in the
 * step: where it was not a good one, the exact line search needs no product more, and the new gradient half a pass.
 */
import {
  combined,
  dot,
  perform,
  scaledBy,
  type Iterate,
  type Margins,
  type Oracle,
  type Staged,
} from "@linear-probes/core";
import { lineSearch } from "./line-search.ts";

export interface Point extends Iterate {
  readonly objective: number;
  readonly gradient: Float64Array;
  readonly margins: Margins; // Z of θ
  readonly spare: Margins; // for those of the point tried next
}

/** The point at `start`. One pass. */
export function pointAt(oracle: Oracle, start: Float64Array): Point {
  return perform(oracle, stagedPointAt(oracle, start));
}

export function* stagedPointAt(oracle: Oracle, start: Float64Array): Staged<Point> {
  const margins = oracle.createMargins();
  const spare = oracle.createMargins();
  const gradient = new Float64Array(oracle.dimension);
  const objective = yield { kind: "value", theta: start, gradient, margins };
  return { theta: start, objective, gradient, margins, spare };
}

export interface Move {
  readonly point: Point;
  /** Where along delta the least value is, by the slopes at both ends of the move: the trial for a like direction. */
  readonly least: number;
}

/**
 * A point along `delta` whose slope is at most `accuracy` times the one here; the same point, stalled, when there is
 * none. One pass where `trial` is such a step, half a pass more where it is not.
 */
export function descend(oracle: Oracle, point: Point, delta: Float64Array, accuracy: number, trial = 1): Move {
  return perform(oracle, stagedDescend(oracle, point, delta, accuracy, trial));
}

export function* stagedDescend(
  oracle: Oracle,
  point: Point,
  delta: Float64Array,
  accuracy: number,
  trial = 1,
): Staged<Move> {
  const { theta, gradient, margins, spare } = point;
  const slope = dot(gradient, delta);
  if (!(slope < 0)) return stalled(point, "The search direction does not descend: the gradient is at rounding level.");
  const step = scaledBy(trial, delta);
  const tried = combined(theta, 1, step);
  const triedGradient = new Float64Array(oracle.dimension);
  const value = yield { kind: "value", theta: tried, gradient: triedGradient, margins: spare, from: { margins, step } };
  const rest = dot(triedGradient, delta) / slope; // of the slope here
  if (Math.abs(rest) <= accuracy) {
    const next = { theta: tried, objective: value, gradient: triedGradient, margins: spare, spare: margins };
    return { point: { ...point, ...next }, least: trial * leastOf(rest) };
  }
  oracle.advance(spare, margins, -1); // now D of `step`
  const line = { margins, direction: spare, theta, delta: step };
  const t = lineSearch(oracle, line, trial * slope, Math.min(accuracy, SEARCHED), leastOf(rest));
  if (t === undefined) return stalled(point, "The line search found no minimum: the slope is at rounding level.");
  oracle.advance(margins, spare, t);
  const next = combined(theta, t, step);
  const nextGradient = new Float64Array(oracle.dimension);
  const objective = yield { kind: "gradient", margins, theta: next, gradient: nextGradient };
  const left = dot(nextGradient, delta) / slope;
  return { point: { ...point, theta: next, objective, gradient: nextGradient }, least: trial * t * leastOf(left) };
}

/** The accuracy of a search, whose trials cost no pass. */
const SEARCHED = 0.3;

/** Where a slope that has fallen from 1 to `rest` over a step is 0, in such steps, were it straight (the secant). */
function leastOf(rest: number): number {
  const secant = 1 / (1 - rest);
  if (!Number.isFinite(rest)) return 1 / FARTHEST; // too far: something overflowed
  return secant > 0 ? Math.min(Math.max(secant, 1 / FARTHEST), FARTHEST) : FARTHEST;
}

const FARTHEST = 10;

function stalled(point: Point, reason: string): Move {
  return { point: { ...point, stalled: reason }, least: 1 };
}

export function releasePoint(oracle: Oracle, { margins, spare }: Point): void {
  oracle.releaseMargins(margins);
  oracle.releaseMargins(spare);
}
