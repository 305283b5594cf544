/**
 * @file What a comparison says: the passes and seconds each solver needs to a relative suboptimality, over its seeds.
 *
 * F* of a problem at a penalty lies between the greatest dual value and the least objective that any run certified;
 * suboptimality is measured from the latter, and no target is judged that the two do not tell apart.
 */
import { type EndRow, type PointRow, runKey, type TimingRow } from "./comparison-rows.ts";

export interface Optimum {
  readonly problem: string;
  readonly l2: number;
  readonly objective: number; // nats; least certified
  readonly relativeUncertainty: number; // (objective - greatest dual value) / objective
}

/** Least objective and greatest dual value over all points of each problem and penalty. */
export function findOptima(points: readonly PointRow[]): readonly Optimum[] {
  return [...groupBy(points, ({ problem, l2 }) => `${problem} ${l2}`).values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const objective = Math.min(...group.map((point) => point.objective));
    const lower = Math.max(...group.map((point) => point.objective - (point.gapNats ?? Infinity)));
    const { problem, l2 } = first;
    return [{ problem, l2, objective, relativeUncertainty: Math.max(0, objective - lower) / objective }];
  });
}

export interface TimeToTarget {
  readonly problem: string;
  readonly l2: number;
  readonly solver: string;
  readonly target: number; // relative suboptimality
  readonly seeds: number;
  readonly reached: number; // seeds that got there
  /** Medians over all seeds, one that did not get there counting as never; null when the median is never. */
  readonly passes: number | null;
  readonly seconds: number | null;
  /** How the runs ended, for those that did not get there. */
  readonly ends: string;
}

/** At the first recorded point at or below each target, so at most one recording interval too late. */
export function timeToTargets(
  points: readonly PointRow[],
  ends: readonly EndRow[],
  timings: readonly TimingRow[],
  targets: readonly number[],
): readonly TimeToTarget[] {
  const optima = new Map(findOptima(points).map((optimum) => [`${optimum.problem} ${optimum.l2}`, optimum]));
  const secondsAt = new Map(timings.map((timing) => [`${runKey(timing)} ${timing.step}`, timing.seconds]));
  const pointsOf = groupBy(points, runKey);
  const runsOf = groupBy(ends, ({ problem, l2, solver }) => `${problem} ${l2} ${solver}`);
  return [...runsOf.values()].flatMap((runs) => {
    const [first] = runs;
    if (first === undefined || first.status === "unsupported") return [];
    const { problem, l2, solver } = first;
    const optimum = optima.get(`${problem} ${l2}`);
    if (optimum === undefined) return [];
    return targets
      .filter((target) => optimum.relativeUncertainty <= target / 2)
      .map((target) => {
        const limit = optimum.objective * (1 + target);
        const hits = runs.map((run) => pointsOf.get(runKey(run))?.find((point) => point.objective <= limit));
        const statuses = runs.filter((_, index) => hits[index] === undefined).map(({ status }) => status);
        return {
          problem,
          l2,
          solver,
          target,
          seeds: runs.length,
          reached: runs.length - statuses.length,
          passes: median(hits.map((hit) => hit?.passes ?? Infinity)),
          seconds: median(
            hits.map((hit) => hit && secondsAt.get(`${runKey(hit)} ${hit.step}`)).map((s) => s ?? Infinity),
          ),
          ends: [...new Set(statuses)].join(", "),
        };
      });
  });
}

/** Null when the middle is infinite. */
function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Infinity, high = Infinity] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  const value = (low + high) / 2;
  return Number.isFinite(value) ? value : null;
}

export function groupBy<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  return Map.groupBy(items, key);
}
