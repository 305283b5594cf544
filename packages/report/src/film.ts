/** @file Films of deep networks in training: one frame at a time under a slider, and the step at which each layer crosses. */
import type { TopLevelSpec } from "vega-lite";
import { thresholds } from "./claims/ripple.ts";
import { errorAxis, layerAxis } from "./deep-chart.ts";
import type { PanelSize } from "./figure.ts";
import { count } from "./format.ts";
import { crossings, type DeepPoint, stepsOf } from "./points/deep-networks.ts";
import { type Series, seriesLayers } from "./series.ts";
import { color } from "./theme.ts";

/**
 * Error by layer in the frame that the slider chooses, with the first and the last frame behind it. Without JavaScript
 * the frame a third of the way stands still. `name` is of the slider's parameter, unique on the page.
 */
export function filmSpec(data: readonly DeepPoint[], { width, narrow }: PanelSize, name: string): TopLevelSpec {
  const steps = stepsOf(data);
  const last = Math.max(1, ...data.map(({ layer }) => layer));
  const position = { x: layerAxis(last, narrow), y: errorAxis };
  const shown = { filter: `datum.frame === ${name}` };
  const end = Math.max(0, steps.length - 1);
  return {
    width,
    height: narrow ? 280 : 320,
    autosize: { type: "fit", contains: "padding" },
    padding: { left: 0, right: 8, top: 26, bottom: 4 }, // the step stands above
    params: [
      {
        name,
        value: Math.round(end / 3),
        bind: { input: "range", min: 0, max: end, step: 1, name: "frame" },
      },
    ],
    data: {
      values: data.map(({ layer, trainError, step }) => ({ layer, trainError, step, frame: steps.indexOf(step) })),
    },
    layer: [
      {
        transform: [{ filter: `datum.frame === 0 || datum.frame === ${end}` }],
        mark: { type: "line", strokeWidth: 1, strokeDash: [3, 3], color: color("soft"), opacity: 0.8 },
        encoding: { ...position, detail: { field: "frame", type: "nominal" } },
      },
      {
        transform: [shown],
        mark: {
          type: "line",
          strokeWidth: 2,
          color: color("series1"),
          point: { size: 14, filled: true, color: color("series1") },
        },
        encoding: position,
      },
      {
        data: {
          values: steps.map((step, frame) => ({
            frame,
            text: `after ${count(step)} steps`,
            layer: last,
            trainError: 1,
          })),
        },
        transform: [shown],
        mark: {
          type: "text",
          align: "right",
          baseline: "bottom",
          fontSize: 14,
          fontWeight: "bold",
          color: color("ink"),
          dy: -6,
        },
        encoding: { ...position, text: { field: "text" } },
      },
    ],
  };
}

const crossingSeries: readonly Series[] = thresholds.map((threshold, i) => ({
  key: String(threshold),
  label: `error first at most ${threshold}`,
  color: (["series1", "series2", "series3"] as const)[i] ?? "soft",
  shape: (["circle", "square", "triangle-up"] as const)[i] ?? "diamond",
  dash: [
    [1, 0],
    [6, 3],
    [2, 2],
  ][i] ?? [1, 0],
}));

/** The step at which each layer's probe first errs so little, against depth. */
export function rippleSpec(data: readonly DeepPoint[], { width, narrow }: PanelSize, param: string): TopLevelSpec {
  const points = thresholds.flatMap((threshold, i) =>
    crossings(data, threshold).map((crossing) => ({
      ...crossing,
      series: crossingSeries[i]?.label ?? "",
      certified: true,
    })),
  );
  const last = Math.max(1, ...data.map(({ layer }) => layer));
  const top = Math.max(1, ...data.map(({ step }) => step));
  const y = {
    field: "step",
    type: "quantitative" as const,
    title: null,
    scale: { domain: [0, top], nice: false },
    axis: { format: "~s", tickCount: 5, minExtent: 34, maxExtent: 34 },
  };
  return {
    width,
    height: narrow ? 280 : 320,
    autosize: { type: "fit", contains: "padding" },
    data: { values: points },
    layer: seriesLayers(
      crossingSeries,
      { x: layerAxis(last, true), y },
      {
        param,
        markerSize: 22,
        tooltip: [{ field: "series", title: "" }, { field: "layer" }, { field: "step" }],
      },
    ),
  };
}
