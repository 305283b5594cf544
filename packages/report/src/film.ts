/** @file Films of networks in training: one frame at a time under a slider, and the step at which each layer crosses. */
import type { Row } from "@linear-probes/core";
import type { TopLevelSpec } from "vega-lite";
import type { PanelSize } from "./figure.ts";
import { count } from "./format.ts";
import { stepsOf } from "./points/frames.ts";
import { type Encoding, type Series, seriesLayers } from "./series.ts";
import { color } from "./theme.ts";

/** Numbers that are drawn, of one step. */
export type FilmPoint = Row & { readonly step: number };

export interface FilmChart {
  readonly param: string; // name of the slider's parameter, or of the legend's selection, unique on the page
  /** Where a point stands: x and y over fields of the data. */
  readonly position: Encoding;
  readonly order?: string; // field that orders a line where layers run downwards
  readonly height: number; // px
}

/** The frame that stands still without JavaScript: a third of the way. */
const stillFrame = (frames: number): number => Math.round((frames - 1) / 3);

/** One frame, which the slider chooses, with the first and the last frame behind it. */
export function filmSpec(
  data: readonly FilmPoint[],
  { width }: PanelSize,
  { param, position, order, height }: FilmChart,
): TopLevelSpec {
  const steps = stepsOf(data);
  const shown = { filter: `datum.frame === ${param}` };
  const end = Math.max(0, steps.length - 1);
  const along = order === undefined ? {} : { order: { field: order, type: "quantitative" as const } };
  return {
    width,
    height,
    autosize: { type: "fit", contains: "padding" },
    padding: { left: 0, right: 8, top: 26, bottom: 4 }, // the step stands above
    params: [
      {
        name: param,
        value: Math.max(0, stillFrame(steps.length)),
        bind: { input: "range", min: 0, max: end, step: 1, name: "frame" },
      },
    ],
    data: { values: data.map((point) => ({ ...point, frame: steps.indexOf(point.step) })) },
    layer: [
      {
        transform: [{ filter: `datum.frame === 0 || datum.frame === ${end}` }],
        mark: { type: "line", strokeWidth: 1, strokeDash: [3, 3], color: color("soft"), opacity: 0.8 },
        encoding: { ...position, ...along, detail: { field: "frame", type: "nominal" } },
      },
      {
        transform: [shown],
        mark: {
          type: "line",
          strokeWidth: 2,
          color: color("series1"),
          point: { size: 14, filled: true, color: color("series1") },
        },
        encoding: { ...position, ...along },
      },
      {
        data: { values: steps.map((step, frame) => ({ frame, text: `after ${count(step)} steps` })) },
        transform: [shown],
        mark: {
          type: "text",
          align: "right",
          baseline: "bottom",
          fontSize: 14,
          fontWeight: "bold",
          color: color("ink"),
          dy: -6,
          x: { expr: "width" },
          y: 0,
        },
        encoding: { text: { field: "text" } },
      },
    ],
  };
}

const looks = [
  { color: "series1", shape: "circle", dash: [1, 0] },
  { color: "series2", shape: "square", dash: [6, 3] },
  { color: "series3", shape: "triangle-up", dash: [2, 2] },
] as const;

/** The step at which each layer's probe first errs so little, against depth; `crossed` by threshold, in descending order. */
export function rippleSpec(
  crossed: ReadonlyMap<number, readonly FilmPoint[]>,
  { width }: PanelSize,
  { param, position, order, height }: FilmChart,
): TopLevelSpec {
  const series: readonly Series[] = [...crossed.keys()].map((threshold, i) => ({
    key: String(threshold),
    label: `error first at most ${threshold}`,
    ...(looks[i] ?? { color: "soft", shape: "diamond", dash: [1, 0] }),
  }));
  const points = [...crossed.values()].flatMap((own, i) =>
    own.map((point) => ({ ...point, series: series[i]?.label ?? "", certified: true })),
  );
  return {
    width,
    height,
    autosize: { type: "fit", contains: "padding" },
    data: { values: points },
    layer: seriesLayers(series, position, {
      param,
      markerSize: 22,
      tooltip: [{ field: "series", title: "" }, { field: "layer" }, { field: "step" }],
      ...(order === undefined ? {} : { order }),
    }),
  };
}

/** The axis of steps up to `last`; `field` is step. */
export function stepAxis(last: number, scale: "linear" | "symlog" = "linear") {
  return {
    field: "step",
    type: "quantitative" as const,
    title: null,
    scale: { type: scale, domain: [0, Math.max(1, last)], nice: false },
    axis: {
      format: "~s",
      minExtent: 34,
      maxExtent: 34,
      ...(scale === "linear" ? { tickCount: 5 } : { values: powers(last) }),
    },
  };
}

/** 0, 1, 10, 100 … */
function powers(last: number): number[] {
  return [0, ...Array.from({ length: Math.floor(Math.log10(Math.max(1, last))) + 1 }, (_, i) => 10 ** i)];
}
