/** @file The points of the raw input's probes by their length of training, and the paper's bar 0 beside them. */
import type { Row } from "@linear-probes/core";
import { numberCell } from "../cells.ts";
import { digitised } from "../paper/fig08-digitised.ts";
import type { Series } from "../series.ts";

const looks = [
  { color: "series1", shape: "circle", dash: [1, 0] },
  { color: "series2", shape: "square", dash: [6, 3] },
  { color: "series3", shape: "triangle-up", dash: [2, 2] },
  { color: "series4", shape: "diamond", dash: [8, 2, 2, 2] },
] as const;

export interface BudgetPoint extends Row {
  readonly series: string;
  readonly batches: number;
  readonly trainError: number;
  readonly testError: number;
  readonly objective: number; // nats
  readonly suboptimality: number; // (F - F*)/F*, with F* the certified probe's
}

export interface Solved {
  readonly trainError: number;
  readonly testError: number;
  readonly objective: number;
  readonly relativeGap: number;
  readonly passes: number;
}

/** The certified probe. */
export function solved(rows: readonly Row[]): Solved | undefined {
  const row = rows.find(({ kind }) => kind === "certified");
  if (row === undefined) return undefined;
  const cell = (key: string): number => numberCell(row, key);
  return {
    trainError: cell("trainError"),
    testError: cell("testError"),
    objective: cell("objective"),
    relativeGap: cell("relativeGap"),
    passes: cell("passes"),
  };
}

export function seriesOf(rows: readonly Row[]): readonly Series[] {
  const rates = [
    ...new Set(rows.flatMap((row) => (row["kind"] === "rmsprop" ? [numberCell(row, "learningRate")] : []))),
  ];
  return rates.flatMap((rate, i) => {
    const look = looks[i];
    return look === undefined ? [] : [{ key: String(rate), label: `RMSProp, learning rate ${rate}`, ...look }];
  });
}

export function points(rows: readonly Row[]): readonly BudgetPoint[] {
  const optimum = solved(rows)?.objective ?? Number.NaN;
  return seriesOf(rows).flatMap(({ key, label }) =>
    rows
      .filter((row) => row["kind"] === "rmsprop" && String(row["learningRate"]) === key)
      .map((row) => ({
        series: label,
        batches: numberCell(row, "batches"),
        trainError: numberCell(row, "trainError"),
        testError: numberCell(row, "testError"),
        objective: numberCell(row, "objective"),
        suboptimality: numberCell(row, "objective") / optimum - 1,
      })),
  );
}

export interface Bar extends Row {
  readonly step: number; // of the network's training
  readonly error: number; // digitised
}

/** Bar 0 of the paper's figure 8, frame by frame. */
export function bars(): readonly Bar[] {
  return [0, 500, 2000].flatMap((step) => {
    const error = digitised(step)?.[0];
    return error === undefined ? [] : [{ step, error }];
  });
}

export interface Crossing extends Row {
  readonly series: string;
  readonly step: number;
  readonly error: number;
  /** Batches after which the train error is first at or below the bar; null: not within the budget. */
  readonly batches: number | null;
  readonly suboptimality: number | null; // there
}

export function crossings(rows: readonly Row[]): readonly Crossing[] {
  const all = points(rows);
  return seriesOf(rows).flatMap(({ label }) =>
    bars().map(({ step, error }) => {
      const hit = all.find((point) => point.series === label && point.trainError <= error);
      return { series: label, step, error, batches: hit?.batches ?? null, suboptimality: hit?.suboptimality ?? null };
    }),
  );
}
