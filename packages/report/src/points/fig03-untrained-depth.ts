/** @file The points of figure 3: rows of single datasets, averaged by kind of probe and layer. */
import type { Row } from "@linear-probes/core";
import { numberCell, textCell } from "../cells.ts";
import type { Series } from "../series.ts";
import { mean, quantile, standardError } from "../statistics.ts";

export const series: readonly Series[] = [
  {
    key: "certified-standardized",
    label: "certified optimum, standardised features",
    color: "series1",
    shape: "circle",
    dash: [1, 0],
  },
  {
    key: "rmsprop-raw",
    label: "RMSProp, raw features (as the paper)",
    color: "series2",
    shape: "square",
    dash: [6, 3],
  },
  {
    key: "rmsprop-standardized",
    label: "RMSProp, standardised features",
    color: "series3",
    shape: "triangle-up",
    dash: [2, 2],
  },
];

export interface LayerPoint extends Row {
  readonly layer: number;
  readonly series: string; // label
  readonly testError: number; // mean over datasets
  readonly low: number; // 2.5 % quantile over datasets
  readonly high: number; // 97.5 %
  readonly standardError: number | null; // of the mean
  readonly trainError: number;
  readonly certified: boolean; // every dataset's probe
  readonly certifiedCount: number;
  readonly datasets: number;
  readonly worstGapNats: number;
}

/** Averages over datasets, by series, then layer. */
export function points(rows: readonly Row[]): readonly LayerPoint[] {
  return series.flatMap(({ key, label }) =>
    byLayer(rows, key).map(([layer, group]) => {
      const errors = group.map((row) => numberCell(row, "testError"));
      const certifiedCount = group.filter((row) => textCell(row, "status") === "converged").length;
      return {
        layer,
        series: label,
        testError: mean(errors),
        low: quantile(errors, 0.025),
        high: quantile(errors, 0.975),
        standardError: standardError(errors),
        trainError: mean(group.map((row) => numberCell(row, "trainError"))),
        certified: certifiedCount === group.length,
        certifiedCount,
        datasets: group.length,
        worstGapNats: Math.max(...group.map((row) => numberCell(row, "gapNats"))),
      };
    }),
  );
}

export interface NormPoint extends Row {
  readonly layer: number;
  readonly norm: number; // mean over datasets
  readonly low: number;
  readonly high: number;
  readonly least: number;
}

export function norms(rows: readonly Row[]): readonly NormPoint[] {
  return byLayer(rows, "activation-norm").map(([layer, group]) => {
    const values = group.map((row) => numberCell(row, "norm"));
    const [low, high] = [quantile(values, 0.025), quantile(values, 0.975)];
    return { layer, norm: mean(values), low, high, least: Math.min(...values) };
  });
}

function byLayer(rows: readonly Row[], curve: string): readonly (readonly [number, readonly Row[]])[] {
  const groups = Map.groupBy(
    rows.filter((row) => row["curve"] === curve),
    (row) => numberCell(row, "layer"),
  );
  return [...groups].sort(([a], [b]) => a - b);
}
