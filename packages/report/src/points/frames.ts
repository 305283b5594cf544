/** @file Points at several moments of a network's training: which moments, and when each layer is first good enough. */

export type FramePoint = { readonly step: number };

export const stepsOf = (points: readonly FramePoint[]): readonly number[] =>
  [...new Set(points.map(({ step }) => step))].toSorted((a, b) => a - b);

/** Of each layer the first point that errs at most `threshold`, by depth; layers that have none are left out. */
export function firstAtMost<Point extends FramePoint>(
  points: readonly Point[],
  threshold: number,
  layerOf: (point: Point) => number,
  errorOf: (point: Point) => number,
): readonly Point[] {
  return [...Map.groupBy(points, layerOf).values()]
    .flatMap((own) => own.toSorted((a, b) => a.step - b.step).find((point) => errorOf(point) <= threshold) ?? [])
    .toSorted((a, b) => layerOf(a) - layerOf(b));
}
