/** @file What the charts of taps share: taps by name in order of depth, error on a logarithmic scale. */
import type { Encoding } from "./series.ts";

const ticks = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];

/** A little more than all errors span; an error of zero is drawn on the lower edge. */
export function errorDomain(errors: readonly number[]): readonly [number, number] {
  const positive = errors.filter((error) => error > 0);
  return [0.8 * Math.min(1, ...positive), Math.min(1, 1.2 * Math.max(...positive, 0.01))];
}

/**
 * Taps to the right and values upwards; on a narrow page taps run downwards, so that their names stay readable. `taps`
 * are all, in order, where the data may lack some.
 */
export function tapPosition(narrow: boolean, value: NonNullable<Encoding["x"]>, taps?: readonly string[]): Encoding {
  const tap = {
    field: "tap",
    type: "nominal" as const,
    title: null,
    sort: taps === undefined ? { field: "depth" } : null,
    scale: { type: "point" as const, padding: 0.5, ...(taps !== undefined && { domain: [...taps] }) },
    axis: { ...(narrow ? {} : { labelAngle: -40 }), grid: narrow, domain: false, ticks: false },
  };
  return narrow ? { x: value, y: tap } : { x: tap, y: value };
}

/** The error named `field`. */
export function logErrorAxis(field: string, domain: readonly [number, number], narrow: boolean) {
  return {
    field,
    type: "quantitative" as const,
    title: null,
    scale: { type: "log" as const, domain: [...domain], nice: false, clamp: true },
    axis: {
      values: ticks.filter((tick) => tick >= domain[0] && tick <= domain[1]),
      format: "~%",
      grid: true,
      ...(narrow ? {} : { minExtent: 34, maxExtent: 34 }),
    },
  };
}
