/** @file What the figures on solvers share: logarithmic axes, and words of their captions. */
import type { Result } from "@linear-probes/bench";
import { count } from "./format.ts";
import { comparison } from "./points/solver-comparison.ts";
import type { Encoding } from "./series.ts";
import { describeSettings } from "./settings.ts";

type Axis = NonNullable<Encoding["x"]>;

/** The powers of ten from the least of the values to the greatest, one beyond at either end. */
function decades(values: readonly number[]): number[] {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  if (positive.length === 0) return [1, 10];
  const low = Math.floor(Math.log10(Math.min(...positive)) + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive)) - 1e-9));
  return Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
}

export interface LogAxisOptions {
  readonly room?: number; // labels at most
  /** A vertical axis, whose labels take equal room in every panel. */
  readonly vertical?: boolean;
}

/** A logarithmic axis over whole decades; "1e-4" where plain digits would be long. */
export function logAxis(
  field: string,
  title: string | null,
  values: readonly number[],
  { room = 8, vertical = false }: LogAxisOptions = {},
): Axis {
  const powers = decades(values);
  const every = Math.ceil(powers.length / room);
  return {
    field,
    type: "quantitative",
    title,
    scale: { type: "log", domain: [powers[0] ?? 1, powers.at(-1) ?? 10], nice: false },
    axis: {
      values: powers.filter((_, i) => i % every === 0),
      format: powers.some((power) => power < 1e-3 || power > 1e4) ? ".0e" : "~g",
      ...(vertical ? { minExtent: 42, maxExtent: 42 } : {}),
    },
  };
}

/**
 * The axis of problems and penalties, one a line. On a narrow page a long name goes on after its comma in a second line;
 * a line must then be 26 px high, beside what the legend takes.
 */
export function caseAxis(narrow: boolean, wideLimit: number) {
  const shared = { grid: true, maxExtent: 400 };
  if (!narrow) return { ...shared, labelLimit: wideLimit };
  const labelExpr = "length(datum.label) > 24 ? split(datum.label, ', ') : datum.label";
  return { ...shared, labelLimit: 150, labelFontSize: 10, labelExpr };
}

/** What the comparison was made of, for captions. */
export function describeComparison(result: Result): string {
  const { problems, unavailable } = comparison(result);
  const absent = unavailable.map(({ problem }) => problem);
  const missing = absent.length === 0 ? "" : ` Not to be had in this run: ${absent.join(", ")}.`;
  const sizes = describeSettings(result.run.settings, [
    ["rows", "rows of a problem at most", count],
    ["passes", "passes of a run at most", count],
    ["stochasticPasses", "of a stochastic solver", count],
    ["seeds", "seeds of a stochastic solver", count],
  ]);
  return `${sizes} The comparison has ${problems.length} problems.${missing}`;
}
