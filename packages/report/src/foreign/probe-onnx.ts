/**
 * @file A model of the reader's own: the error of a certified linear probe at each tap, in depth order, with the interval
 * that resampled test rows give, the error of guessing, and the controls where they were run; of several checkpoints, the
 * last so, and all of them as a family of lines.
 */
import type { Result } from "@linear-probes/bench";
import type { Row } from "@linear-probes/core";
import type { TopLevelSpec } from "vega-lite";
import { certificateColumns } from "../certificate-columns.ts";
import type { FigureDefinition, Panel, PanelSize, Table } from "../figure.ts";
import { count, percent, significant } from "../format.ts";
import { guessing, lastCheckpoint, type OnnxPoint, points, series, unfitted } from "../points/probe-onnx.ts";
import { type Encoding, quietColor, seriesLayers, type Series } from "../series.ts";
import { describeSettings } from "../settings.ts";
import { color } from "../theme.ts";

export const probeOnnx: FigureDefinition = {
  id: "probe-onnx",
  label: "Your model",
  title: "How linearly readable each layer is",
  source: "probe-onnx",
  replayLevel: "bitwise-one-machine",
  caption,
  panels,
  table,
  claims: [],
};

function caption({ rows, run }: Result): string {
  const last = lastCheckpoint(rows);
  const model = rows.find((row) => (row["checkpoint"] ?? 0) === last)?.["model"];
  const series =
    last === 0
      ? ""
      : ` The second drawing has all ${last + 1} checkpoints, fainter the earlier; each probe was started from that of the ` +
        `checkpoint before, and certified all the same.${saved(rows)}`;
  const sizes = describeSettings(run.settings, [
    ["rows.train", "training rows", count],
    ["rows.validation", "validation rows", count],
    ["rows.test", "test rows", count],
    ["relativeGap", "certified relative gap at most", significant],
  ]);
  const { reducer, dtype } = run.settings;
  const rounded = dtype === "float16" ? ", and rounded to float16" : "";
  const missing = unfitted(rows);
  return (
    `Test error of a linear probe at each tap of ${typeof model === "string" ? model : "the model"}, in depth order; ` +
    `data: ${run.dataset.name}. Features are reduced by ${typeof reducer === "string" ? reducer : "nothing"}${rounded}. The l2 of ` +
    `each probe is chosen on validation rows, and the test rows are looked at once. Bars are 95 % intervals, percentiles ` +
    `of the error on resampled test rows; they say nothing about other training rows. The dotted line is the error of ` +
    `always saying the commonest class.${series}${sizes}${missing.length === 0 ? "" : ` Not fitted: ${missing.join("; ")}.`}`
  );
}

/** What starting from the checkpoint before saved, where that was measured. */
function saved(rows: readonly Row[]): string {
  const both = points(rows).filter(({ checkpoint, coldPasses }) => checkpoint > 0 && coldPasses !== null);
  if (both.length === 0) return "";
  const cold = both.reduce((sum, point) => sum + (point.coldPasses ?? 0), 0);
  const warm = both.reduce((sum, point) => sum + point.passes, 0);
  return ` That took ${count(Math.round(warm))} passes over the rows; from nothing it would have been ${count(Math.round(cold))}.`;
}

function panels({ rows }: Result): readonly Panel[] {
  const all = points(rows);
  const last = lastCheckpoint(rows);
  const data = all.filter(({ checkpoint }) => checkpoint === last);
  if (data.length === 0) return last === 0 ? [] : checkpointPanels(all, last);
  const said = data.map(({ place, series, testError }) => `${place}, ${series}: ${percent(testError)}`);
  return [
    {
      id: "error",
      title: "Test error",
      share: 1,
      probes: true,
      description: `Test error by tap, in order of depth. ${said.join("; ")}.`,
      spec: (size) => errorSpec(data, series(rows), guessing(rows), size),
    },
    ...(last === 0 ? [] : checkpointPanels(all, last)),
  ];
}

/** The model's own probes at every checkpoint. */
function checkpointPanels(all: readonly OnnxPoint[], last: number): readonly Panel[] {
  const own = all[0]?.series;
  const data = all.filter(({ series }) => series === own);
  const said = data.map(({ checkpoint, place, testError }) => `${checkpoint + 1}, ${place}: ${percent(testError)}`);
  return [
    {
      id: "checkpoints",
      title: "Test error at every checkpoint",
      share: 1,
      probes: true,
      description: `Test error by checkpoint and tap, in order of depth. ${said.join("; ")}.`,
      spec: (size) => checkpointSpec(data, last, size),
    },
  ];
}

function checkpointSpec(data: readonly OnnxPoint[], last: number, size: PanelSize): TopLevelSpec {
  const { narrow } = size;
  const { position, height } = axes(data, narrow, greatest(data.map(({ testError }) => testError)));
  const age = { field: "checkpoint", type: "quantitative" as const, scale: { domain: [0, last], range: [0.35, 1] } };
  const order = { field: "depth", type: "quantitative" as const };
  return {
    width: size.width,
    height,
    autosize: { type: "fit", contains: "padding" },
    data: { values: [...data] },
    encoding: { ...position, opacity: { ...age, legend: null }, detail: { field: "checkpoint" } },
    layer: [
      { mark: { type: "line", strokeWidth: 1.75, color: color("series1") }, encoding: narrow ? { order } : {} },
      {
        mark: { type: "point", filled: true, size: narrow ? 24 : 36, color: color("series1") },
        encoding: {
          tooltip: [
            { field: "model", title: "checkpoint" },
            { field: "place", title: "tap" },
            { field: "testError", title: "test error", format: ".2%" },
            { field: "l2", format: ".1e" },
            { field: "passes", format: ".1f" },
          ],
        },
      },
    ],
  };
}

function errorSpec(
  data: readonly OnnxPoint[],
  kinds: readonly Series[],
  guess: number | undefined,
  { width, narrow }: PanelSize,
): TopLevelSpec {
  const most = greatest([...data.map(({ testErrorHigh }) => testErrorHigh), guess ?? 0]);
  const { valueChannel, tapChannel, tap, position, height } = axes(data, narrow, most);
  return {
    width,
    height,
    autosize: { type: "fit", contains: "padding" },
    data: { values: [...data] },
    layer: [
      {
        data: { values: guess === undefined ? [] : [{ guess }] },
        mark: { type: "rule", strokeDash: [1, 4], strokeCap: "round", strokeWidth: 1.5, color: color("soft") },
        encoding: { [valueChannel]: { field: "guess", type: "quantitative" } },
      },
      {
        mark: { type: "rule", strokeWidth: 1.25, opacity: 0.6 },
        encoding: {
          [tapChannel]: tap,
          [valueChannel]: { field: "testErrorLow", type: "quantitative" },
          [`${valueChannel}2`]: { field: "testErrorHigh" },
          color: quietColor(kinds),
        },
      },
      ...seriesLayers(kinds, position, {
        param: "probe_onnx",
        markerSize: narrow ? 44 : 64,
        tooltip: [
          { field: "place", title: "tap" },
          { field: "operator" },
          { field: "series", title: "probe" },
          { field: "testError", title: "test error", format: ".2%" },
          { field: "columns", format: "," },
          { field: "l2", format: ".1e" },
          { field: "gapNats", title: "duality gap (nats)", format: ".1e" },
          { field: "status" },
        ],
        ...(narrow ? { order: "depth" } : {}),
      }),
    ],
  };
}

function greatest(errors: readonly number[]): number {
  return errors.reduce((most, error) => Math.max(most, error), 0) || 1;
}

/**
 * Depth runs to the right; on a narrow page, downwards, so that the names of taps stay readable. Errors go up to `most`,
 * given, since Vega complains where it looks for the greatest of marks of which there are none, such as hollow ones.
 */
function axes(data: readonly OnnxPoint[], narrow: boolean, most: number) {
  const [valueChannel, tapChannel] = narrow ? (["x", "y"] as const) : (["y", "x"] as const);
  const taps = new Set(data.map(({ place }) => place)).size;
  const value = {
    field: "testError",
    type: "quantitative" as const,
    title: narrow ? "test error" : null, // of a vertical axis, the panel's title says it
    scale: { domain: [0, most], nice: true },
    axis: { format: "~%", grid: true },
  };
  const tap = {
    field: "place",
    type: "nominal" as const,
    title: narrow ? null : "tap, in depth order",
    sort: { field: "depth" },
    scale: { type: "point" as const, padding: 0.5 },
    axis: { ...(narrow ? {} : { labelAngle: -40 }), labelLimit: 160, grid: narrow, domain: false, ticks: false },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Vega-Lite's types do not follow computed keys
  const position = { [valueChannel]: value, [tapChannel]: tap } as Encoding;
  return { valueChannel, tapChannel, tap, position, height: narrow ? Math.max(240, 24 * taps + 80) : 420 };
}

function table({ rows }: Result): Table {
  const several = lastCheckpoint(rows) > 0;
  return {
    columns: [
      ...(several ? [{ key: "model", title: "checkpoint" }] : []),
      { key: "depth", title: "depth", format: count },
      { key: "place", title: "tap" },
      { key: "operator", title: "operator" },
      { key: "series", title: "probe" },
      { key: "testError", title: "test error", format: percent },
      { key: "testErrorLow", title: "from", format: percent },
      { key: "testErrorHigh", title: "to", format: percent },
      { key: "top5Error", title: "top-5 error", format: percent },
      { key: "crossEntropyNats", title: "cross-entropy (nats)", format: significant },
      { key: "calibrationError", title: "calibration error", format: percent },
      { key: "selectivity", title: "selectivity", format: percent },
      ...certificateColumns,
      ...(several ? [{ key: "passes", title: "passes", format: count }] : []),
      ...(several ? [{ key: "coldPasses", title: "passes from nothing", format: count }] : []),
      { key: "status", title: "ended" },
      { key: "features", title: "features", format: count },
      { key: "columns", title: "columns", format: count },
    ],
    rows: points(rows),
  };
}
