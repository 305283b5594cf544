/** @file The points of figure 5: probes of the convnet before training and after the last step measured. */
import type { Row } from "@linear-probes/core";
import { flagCell, numberCell, textCell } from "../cells.ts";
import type { Series } from "../series.ts";

export const series: readonly Series[] = [
  {
    key: "certified-l2",
    label: "certified optimum, l2 chosen on validation",
    color: "series1",
    shape: "circle",
    dash: [1, 0],
  },
  {
    key: "early-stopping",
    label: "RMSProp, early stopping (as the paper)",
    color: "series2",
    shape: "square",
    dash: [6, 3],
  },
];

export interface TapPoint extends Row {
  readonly step: number;
  readonly epoch: number;
  readonly tap: string;
  readonly depth: number;
  readonly features: number;
  readonly series: string; // label
  readonly l2: number;
  readonly testError: number;
  readonly validationError: number;
  readonly trainError: number;
  readonly gapNats: number;
  readonly relativeGap: number | null;
  readonly certified: boolean;
  readonly status: string;
  readonly passes: number;
}

/** All probes, by step, then series, then depth. */
export function points(rows: readonly Row[]): readonly TapPoint[] {
  const found = series.flatMap(({ key, label }) =>
    rows.filter((row) => row["protocol"] === key).map((row) => tapPoint(row, label)),
  );
  return found.sort((a, b) => a.step - b.step || order(a) - order(b) || a.depth - b.depth);
}

/** The network's own head after the given step. */
export function modelError(rows: readonly Row[], step: number): number | undefined {
  const row = rows.find((one) => one["kind"] === "model" && one["step"] === step);
  return row === undefined ? undefined : numberCell(row, "testError");
}

/** Steps measured, in order: the first is panel (a), the last panel (b). */
export function steps(rows: readonly Row[]): readonly { readonly step: number; readonly epoch: number }[] {
  const found = new Map(points(rows).map((point) => [point.step, point.epoch]));
  return [...found].map(([step, epoch]) => ({ step, epoch }));
}

function order(point: TapPoint): number {
  return series.findIndex(({ label }) => label === point.series);
}

function tapPoint(row: Row, label: string): TapPoint {
  return {
    step: numberCell(row, "step"),
    epoch: numberCell(row, "epoch"),
    tap: textCell(row, "tap"),
    depth: numberCell(row, "depth"),
    features: numberCell(row, "features"),
    series: label,
    l2: numberCell(row, "l2"),
    testError: numberCell(row, "testError"),
    validationError: numberCell(row, "validationError"),
    trainError: numberCell(row, "trainError"),
    gapNats: numberCell(row, "gapNats"),
    relativeGap: row["relativeGap"] === null ? null : numberCell(row, "relativeGap"),
    certified: flagCell(row, "certified"),
    status: textCell(row, "status"),
    passes: numberCell(row, "passes"),
  };
}
