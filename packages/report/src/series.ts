/**
 * @file How kinds of probes are told apart in every figure: colour, shape and dash, the same for all panels; a marker is
 * filled where the probe carries a certificate within its tolerance, hollow where it does not.
 */
import type { TopLevelSpec } from "vega-lite";
import { color, type ColorName } from "./theme.ts";

export interface Series {
  readonly key: string; // in the rows
  readonly label: string;
  readonly color: ColorName;
  readonly shape: "circle" | "square" | "triangle-up" | "diamond";
  readonly dash: readonly number[];
}

type Layer = Extract<TopLevelSpec, { layer: unknown }>["layer"][number];
export type Encoding = NonNullable<Exclude<Layer, { layer: unknown }>["encoding"]>;

/** Lines and markers of `series`. Data rows have `series` (a label), `certified`, and the fields that x and y name. */
export function seriesLayers(series: readonly Series[], position: Encoding, options: MarkerOptions): Layer[] {
  const domain = series.map(({ label }) => label);
  const range = series.map((one) => color(one.color));
  // One object for all channels, so that Vega-Lite merges them into one legend.
  const seriesLegend = { columns: options.legendColumns ?? 1, symbolOpacity: 1 };
  const hue = { field: "series", type: "nominal" as const, scale: { domain, range }, legend: seriesLegend };
  const shape = { domain, range: series.map(({ shape }) => shape) };
  const shown = { condition: { param: options.param, empty: true, value: 1 }, value: 0.15 };
  const order = options.order === undefined ? {} : { order: { field: options.order, type: "quantitative" as const } };
  const markers: Encoding = {
    ...position,
    color: hue,
    shape: { field: "series", type: "nominal", scale: shape, legend: seriesLegend },
    opacity: shown,
    tooltip: options.tooltip,
  };
  return [
    {
      mark: { type: "line", strokeWidth: 1.75 },
      encoding: {
        ...position,
        ...order,
        color: hue,
        strokeDash: { condition: series.map(dashOf), value: [1, 0] },
        opacity: shown,
      },
    },
    {
      params: [{ name: options.param, select: { type: "point", fields: ["series"] }, bind: "legend" }],
      transform: [{ filter: "datum.certified" }],
      mark: { type: "point", filled: true, size: options.markerSize, strokeWidth: 1.5, opacity: 1 },
      encoding: { ...markers, stroke: quietColor(series) }, // as large as the hollow ones
    },
    {
      transform: [{ filter: "!datum.certified" }],
      mark: { type: "point", fill: color("ground"), size: options.markerSize, strokeWidth: 1.5, opacity: 1 },
      encoding: markers,
    },
  ];
}

// Conditions, not scales: a scale would want a legend of its own, which cannot be merged or left out.
function dashOf(one: Series): { test: string; value: number[] } {
  return { test: isOf(one), value: [...one.dash] };
}

function isOf({ label }: Series): string {
  return `datum.series === ${JSON.stringify(label)}`;
}

/** Colour of the marks of a series that must not speak in the legend, such as bands. */
export function quietColor(series: readonly Series[]) {
  return { condition: series.map((one) => ({ test: isOf(one), value: color(one.color) })), value: color("soft") };
}

export interface MarkerOptions {
  readonly param: string; // name of the selection that the legend drives, unique on the page
  readonly markerSize: number; // px²
  readonly tooltip: Extract<NonNullable<Encoding["tooltip"]>, readonly unknown[]>;
  /** Of the legend; default 1. */
  readonly legendColumns?: number;
  /** Field that orders the line where the value is on the horizontal axis. */
  readonly order?: string;
}
