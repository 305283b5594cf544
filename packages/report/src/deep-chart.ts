/** @file What the figures of deep networks share: error by layer at one moment, and error by layer over several networks. */
import type { TopLevelSpec } from "vega-lite";
import type { PanelSize, Table } from "./figure.ts";
import { significant } from "./format.ts";
import type { DeepPoint, ReplicaPoint } from "./points/deep-networks.ts";
import { type Encoding, quietColor, type Series, seriesLayers } from "./series.ts";
import { color } from "./theme.ts";

type Axis = NonNullable<Encoding["x"]>;

export function layerAxis(last: number, narrow: boolean): Axis {
  const every = last > 32 ? (narrow ? 32 : 16) : Math.max(1, Math.ceil(last / 8));
  return {
    field: "layer",
    type: "quantitative",
    title: "layer (0 = input)",
    scale: { domain: [0, last], nice: false },
    axis: { values: Array.from({ length: Math.floor(last / every) + 1 }, (_, i) => i * every) },
  };
}

export const errorAxis: Axis = {
  field: "trainError",
  type: "quantitative",
  title: null,
  scale: { domain: [0, 1], nice: false },
  axis: { format: ".1f", values: [0, 0.2, 0.4, 0.6, 0.8, 1], minExtent: 26, maxExtent: 26 },
};

export interface FrameOptions {
  readonly param: string;
  readonly series: readonly Series[];
  /** The paper's own values by layer, where it shows this step. */
  readonly paper?: readonly number[] | undefined;
  readonly majority?: number | undefined; // error of always answering the most frequent digit
}

/** Error by layer at one step. */
export function frameSpec(
  data: readonly DeepPoint[],
  { width, narrow }: PanelSize,
  options: FrameOptions,
): TopLevelSpec {
  const last = Math.max(1, ...data.map(({ layer }) => layer));
  const position = { x: layerAxis(last, narrow || width < 400), y: errorAxis };
  const paper = (options.paper ?? []).map((trainError, layer) => ({ layer, trainError }));
  return {
    width,
    height: narrow ? 300 : 340,
    autosize: { type: "fit", contains: "padding" },
    data: { values: [...data] },
    layer: [
      ...(options.majority === undefined ? [] : [majorityRule(options.majority)]),
      ...(paper.length === 0 ? [] : [paperLayer(paper, position)]),
      ...seriesLayers(options.series, position, {
        param: options.param,
        markerSize: last > 64 ? 9 : 26,
        tooltip: [
          { field: "series", title: "probe" },
          { field: "layer" },
          { field: "trainError", title: "train error", format: ".4f" },
          { field: "gapNats", title: "gap (nats)", format: ".1e" },
        ],
      }),
    ],
  };
}

function majorityRule(majority: number) {
  return {
    data: { values: [{ trainError: majority }] },
    mark: {
      type: "rule" as const,
      strokeDash: [1, 4],
      strokeWidth: 1.5,
      strokeCap: "round" as const,
      color: color("soft"),
    },
    encoding: { y: errorAxis },
  };
}

function paperLayer(values: readonly { layer: number; trainError: number }[], position: { x: Axis; y: Axis }) {
  return {
    data: { values: [...values] },
    mark: { type: "line" as const, strokeWidth: 2.5, strokeDash: [2, 3], color: color("target"), opacity: 0.9 },
    encoding: position,
  };
}

/** Mean error by layer over several networks of each kind, with the least and the greatest. */
export function replicaSpec(
  data: readonly ReplicaPoint[],
  { width, narrow }: PanelSize,
  options: { readonly param: string; readonly series: readonly Series[] },
): TopLevelSpec {
  const last = Math.max(1, ...data.map(({ layer }) => layer));
  const position = { x: layerAxis(last, narrow), y: errorAxis };
  return {
    width,
    height: narrow ? 300 : 340,
    autosize: { type: "fit", contains: "padding" },
    data: { values: [...data] },
    layer: [
      {
        mark: { type: "area", opacity: 0.18 },
        encoding: {
          x: position.x,
          y: { ...errorAxis, field: "low" },
          y2: { field: "high" },
          color: quietColor(options.series),
          detail: { field: "series", type: "nominal" },
        },
      },
      ...seriesLayers(options.series, position, {
        param: options.param,
        markerSize: narrow ? 20 : 30,
        tooltip: [
          { field: "series", title: "networks" },
          { field: "layer" },
          { field: "trainError", title: "mean train error", format: ".4f" },
          { field: "low", title: "least", format: ".4f" },
          { field: "high", title: "greatest", format: ".4f" },
        ],
      }),
    ],
  };
}

export const fraction = (value: number): string => value.toFixed(4);

/** The numbers of frames, with the paper's where it has them. */
export function frameTable(
  points: readonly DeepPoint[],
  paper: (step: number) => readonly number[] | undefined,
): Table {
  const known = points.some(({ step }) => paper(step) !== undefined);
  return {
    columns: [
      { key: "step", title: "step" },
      { key: "series", title: "probe" },
      { key: "layer", title: "layer" },
      { key: "trainError", title: "train error", format: fraction },
      ...(known
        ? [
            { key: "paper", title: "the paper’s, digitised", format: (value: number) => value.toFixed(3) },
            { key: "residual", title: "difference", format: (value: number) => value.toFixed(3) },
          ]
        : []),
      { key: "trainLoss", title: "train loss (nats)", format: fraction },
      { key: "gapNats", title: "gap (nats)", format: significant },
      { key: "certified", title: "certified" },
      { key: "rows", title: "images" },
    ],
    rows: points.map((point) => {
      const value = paper(point.step)?.[point.layer] ?? null;
      return { ...point, paper: value, residual: value === null ? null : point.trainError - value };
    }),
  };
}
