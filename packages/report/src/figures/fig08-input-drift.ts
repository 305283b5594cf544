/**
 * @file Why bar 0 of figure 8 falls from 0.107 to 0.073 although the raw input never changes: RMSProp on the same pixels,
 * looked at after more and more batches, passes through the paper's three values on its way to the optimum.
 */
import type { Result } from "@linear-probes/bench";
import type { TopLevelSpec } from "vega-lite";
import { claims } from "../claims/fig08-input-drift.ts";
import type { FigureDefinition, Panel, PanelSize, Table } from "../figure.ts";
import { count, significant } from "../format.ts";
import { bars, type BudgetPoint, crossings, points, seriesOf, solved } from "../points/undersolved-probe.ts";
import { type Encoding, type Series, seriesLayers } from "../series.ts";
import { describeSettings } from "../settings.ts";
import { logAxis } from "../solver-chart.ts";
import { color } from "../theme.ts";

export const fig08InputDrift: FigureDefinition = {
  id: "fig08-input-drift",
  label: "Figure 8, bar 0",
  title: "The input does not change; its probe was not done",
  source: "undersolved-probe",
  replayLevel: "bitwise-one-machine",
  caption,
  panels,
  table,
  claims,
};

function caption({ rows, run }: Result): string {
  const best = solved(rows);
  const optimum =
    best === undefined
      ? ""
      : ` The optimum of the same objective, certified to a relative gap of ${significant(best.relativeGap)} after ` +
        `${significant(best.passes)} passes of L-BFGS, errs on ${best.trainError.toFixed(4)} of the training images.`;
  const sizes = describeSettings(run.settings, [
    ["rows", "training images", count],
    ["l2", "l2", significant],
    ["rmsprop.batch", "rows per batch", count],
    ["rmsprop.epochs", "epochs", count],
    ["certified.relativeGap", "relative gap asked of the optimum", significant],
  ]);
  return (
    `Train error of a probe on raw pixels, RMSProp at several learning rates, against the batches it was trained for ` +
    `(left) and against how far its objective is from the optimum (right). Dotted: the three values of bar 0 in figure 8 ` +
    `of the paper, at network steps 0, 500 and 2000, read off the published figure to ± 0.004. If bar 0 is the raw input, ` +
    `an optimal probe cannot move; these values lie on the path of one probe that is trained further and further, and ` +
    `none of them is the optimum.${optimum}${sizes}`
  );
}

function panels({ rows }: Result): readonly Panel[] {
  const all = points(rows);
  const series = seriesOf(rows);
  const best = solved(rows)?.trainError;
  const said = crossings(rows).map(
    ({ series: label, error, batches }) =>
      `${label}: ${error} ${batches === null ? "not reached" : `after ${count(batches)} batches`}`,
  );
  return (["batches", "suboptimality"] as const).map((field) => ({
    id: field,
    title: field === "batches" ? "Train error (fraction) by batches" : "Train error (fraction) by (F − F*)/F*",
    share: 0.5,
    probes: false,
    description: `Line chart of train error. ${said.join("; ")}; the optimum errs ${best?.toFixed(4) ?? "unknown"}.`,
    spec: (size: PanelSize) => driftSpec(all, size, { field, series, best }),
  }));
}

interface DriftOptions {
  readonly field: "batches" | "suboptimality";
  readonly series: readonly Series[];
  readonly best: number | undefined;
}

function driftSpec(data: readonly BudgetPoint[], { width, narrow }: PanelSize, options: DriftOptions): TopLevelSpec {
  const { field, series, best } = options;
  const shown = data.filter((point) => point[field] > 0);
  const x = logAxis(
    field,
    field === "batches" ? "batches" : "(F − F*)/F*",
    shown.map((point) => point[field]),
    { room: 5 },
  );
  const y: NonNullable<Encoding["y"]> = {
    field: "trainError",
    type: "quantitative",
    title: null,
    scale: { domain: [0, 0.2], nice: false, clamp: true },
    axis: { values: [0, 0.05, 0.1, 0.15, 0.2], format: ".2f", minExtent: 32, maxExtent: 32 },
  };
  const levels = [
    ...bars().map(({ step, error }) => ({
      trainError: error,
      label: `paper, step ${step}: ${error}`,
      hue: color("target"),
    })),
    ...(best === undefined ? [] : [{ trainError: best, label: `optimum: ${best.toFixed(3)}`, hue: color("ink") }]),
  ];
  return {
    width,
    height: narrow ? 340 : 380,
    autosize: { type: "fit", contains: "padding" },
    data: { values: shown.map((point) => ({ ...point, certified: true })) },
    layer: [
      ...levels.flatMap(({ hue, ...level }) => [
        {
          data: { values: [level] },
          mark: { type: "rule" as const, strokeDash: [1, 4], strokeWidth: 2, strokeCap: "round" as const, color: hue },
          encoding: { y },
        },
        {
          data: { values: [level] },
          mark: {
            type: "text" as const,
            align: "right" as const,
            baseline: "bottom" as const,
            dx: -4,
            dy: -2,
            fontSize: 11,
            color: hue,
          },
          encoding: { y, x: { value: "width" as const }, text: { field: "label" } },
        },
      ]),
      ...seriesLayers(
        series,
        { x, y },
        {
          param: `drift_${field}`,
          markerSize: narrow ? 24 : 36,
          order: "batches",
          tooltip: [
            { field: "series", title: "probe" },
            { field: "batches" },
            { field: "trainError", title: "train error", format: ".4f" },
            { field: "testError", title: "test error", format: ".4f" },
            { field: "suboptimality", title: "(F − F*)/F*", format: ".2e" },
          ],
        },
      ),
    ],
  };
}

function table({ rows }: Result): Table {
  return {
    columns: [
      { key: "series", title: "probe" },
      { key: "batches", title: "batches" },
      { key: "trainError", title: "train error", format: (value) => value.toFixed(4) },
      { key: "testError", title: "test error", format: (value) => value.toFixed(4) },
      { key: "objective", title: "F (nats)", format: significant },
      { key: "suboptimality", title: "(F − F*)/F*", format: significant },
    ],
    rows: points(rows),
  };
}
