/**
 * @file Figure 3 of Alain & Bengio (2016): what 32 untrained layers do to linearly separable data.
 *
 * Test error of a probe at every layer, averaged over datasets that each have their own network, and beside it the
 * norm of the activations, which the paper looked at to exclude numerical underflow.
 */
import type { Result } from "@linear-probes/bench";
import type { TopLevelSpec } from "vega-lite";
import { claims } from "../claims/fig03-untrained-depth.ts";
import type { FigureDefinition, Panel, PanelSize, Table } from "../figure.ts";
import { count, significant } from "../format.ts";
import { describeSettings } from "../settings.ts";
import { coinFlip } from "../paper/targets.ts";
import { type LayerPoint, type NormPoint, norms, points, series } from "../points/fig03-untrained-depth.ts";
import { type Encoding, quietColor, seriesLayers } from "../series.ts";
import { color } from "../theme.ts";

export const fig03UntrainedDepth: FigureDefinition = {
  id: "fig03-untrained-depth",
  label: "Figure 3",
  title: "Untrained layers wear a linearly separable signal down",
  source: "fig03-untrained-depth",
  replayLevel: "bitwise-anywhere",
  caption,
  panels,
  table,
  claims,
};

function caption({ rows, run }: Result): string {
  const all = points(rows);
  const sizes = describeSettings(run.settings, [
    ["toy.trainRows", "training rows per dataset", count],
    ["toy.testRows", "test rows", count],
    ["certified.l2", "l2 of the certified probes", significant],
    ["certified.relativeGap", "their relative gap at most", significant],
    ["rmsprop.epochs", "epochs of RMSProp", count],
    ["rmsprop.batch", "rows per batch", count],
    ["rmsprop.learningRate", "learning rate", significant],
  ]);
  const datasets = Math.max(0, ...all.map((point) => point.datasets));
  const layers = Math.max(0, ...all.map((point) => point.layer));
  return (
    `Inputs are drawn from a standard normal in 128 dimensions and labelled by the side of a random hyperplane they ` +
    `fall on; they pass through ${layers} layers of 128 leaky-ReLU units (slope 0.5, Glorot-normal weights, never ` +
    `trained). Lines are the mean test error of a probe at each layer over ${datasets} datasets, each with its own ` +
    `network; bands hold the central 95 % of the datasets. The dotted line at 0.50 is a coin flip. The second panel ` +
    `is the mean Euclidean norm of the activations. The paper states neither its sample size nor its learning rate ` +
    `or number of steps; ours were fixed before looking at any result.${sizes}`
  );
}

function panels({ rows }: Result): readonly Panel[] {
  const all = points(rows);
  const ends = series.flatMap(({ label }) => {
    const own = all.filter((point) => point.series === label);
    const [first, last] = [own[0], own.at(-1)];
    if (first === undefined || last === undefined) return [];
    return [`${label}: ${first.testError.toFixed(3)} at layer 0, ${last.testError.toFixed(3)} at layer ${last.layer}`];
  });
  const activations = norms(rows);
  const [first, last] = [activations[0], activations.at(-1)];
  return [
    {
      id: "error",
      title: "Probe test error (fraction) by layer",
      share: 0.64,
      probes: true,
      description: `Line chart of mean test error by layer. ${ends.join("; ")}.`,
      spec: (size) => errorSpec(all, size),
    },
    {
      id: "norm",
      title: "Activation norm by layer (log scale)",
      share: 0.36,
      probes: false,
      description:
        first === undefined || last === undefined
          ? "No activation norms."
          : `Line chart on a logarithmic scale. The mean activation norm goes from ${significant(first.norm)} at ` +
            `layer 0 to ${significant(last.norm)} at layer ${last.layer}.`,
      spec: (size) => normSpec(activations, size),
    },
  ];
}

const layerAxis = (rows: readonly { layer: number }[], every: number): NonNullable<Encoding["x"]> => {
  const last = Math.max(1, ...rows.map((row) => row.layer));
  const values = Array.from({ length: Math.floor(last / every) + 1 }, (_, i) => every * i);
  return {
    field: "layer",
    type: "quantitative",
    title: "layer (0 = input)",
    scale: { domain: [0, last], nice: false },
    axis: { values },
  };
};

function errorSpec(data: readonly LayerPoint[], { width, narrow }: PanelSize): TopLevelSpec {
  const x = layerAxis(data, narrow ? 8 : 4);
  const top = Math.max(0.55, ...data.map((point) => point.high));
  const y: NonNullable<Encoding["y"]> = {
    field: "testError",
    type: "quantitative",
    title: null,
    scale: { domain: [0, top], nice: false },
    axis: { format: ".1f", values: [0, 0.1, 0.2, 0.3, 0.4, 0.5], minExtent: 26, maxExtent: 26 },
  };
  const band = {
    mark: { type: "area" as const, opacity: 0.16 },
    encoding: {
      x,
      y: { ...y, field: "low" },
      y2: { field: "high" },
      color: quietColor(series),
      detail: { field: "series", type: "nominal" as const },
    },
  };
  return {
    width,
    height: narrow ? 340 : 380,
    autosize: { type: "fit", contains: "padding" },
    data: {
      values: data.map((point) => ({
        ...point,
        band: `${point.low.toFixed(4)} to ${point.high.toFixed(4)}`,
        certifiedOf: `${point.certifiedCount} of ${point.datasets}`,
      })),
    },
    layer: [
      band,
      {
        data: { values: [{ level: coinFlip }] },
        mark: { type: "rule", strokeDash: [1, 4], strokeWidth: 2, strokeCap: "round", color: color("target") },
        encoding: { y: { field: "level", type: "quantitative" } },
      },
      {
        data: { values: [{ level: coinFlip, layer: 0, label: "coin flip, 0.50" }] },
        mark: { type: "text", align: "left", baseline: "bottom", dx: 6, dy: -4, color: color("target") },
        encoding: {
          x: { field: "layer", type: "quantitative" },
          y: { field: "level", type: "quantitative" },
          text: { field: "label" },
        },
      },
      ...seriesLayers(
        series,
        { x, y },
        {
          param: "fig03_curve",
          markerSize: narrow ? 16 : 34,
          tooltip: [
            { field: "series", title: "probe" },
            { field: "layer" },
            { field: "testError", title: "mean test error", format: ".4f" },
            { field: "band", title: "central 95 %" },
            { field: "certifiedOf", title: "certified" },
          ],
        },
      ),
    ],
  };
}

function normSpec(data: readonly NormPoint[], { width, narrow }: PanelSize): TopLevelSpec {
  const x = layerAxis(data, 8);
  const y: NonNullable<Encoding["y"]> = {
    field: "norm",
    type: "quantitative",
    title: null,
    scale: { type: "log", nice: false },
    axis: { format: "~g", values: powersOfTen(data), minExtent: 34, maxExtent: 34 },
  };
  return {
    width,
    height: narrow ? 220 : 380,
    autosize: { type: "fit", contains: "padding" },
    data: { values: [...data] },
    layer: [
      {
        mark: { type: "area", opacity: 0.16, color: color("soft") },
        encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" } },
      },
      { mark: { type: "line", strokeWidth: 1.75, color: color("soft") }, encoding: { x, y } },
      {
        mark: { type: "circle", size: narrow ? 14 : 24, opacity: 1, color: color("soft") },
        encoding: {
          x,
          y,
          tooltip: [{ field: "layer" }, { field: "norm", title: "mean norm", format: ".4~g" }],
        },
      },
    ],
  };
}

/** The powers of ten among the norms. */
function powersOfTen(data: readonly NormPoint[]): number[] {
  const low = Math.ceil(Math.log10(Math.min(...data.map((point) => point.low))));
  const high = Math.floor(Math.log10(Math.max(...data.map((point) => point.high))));
  return Array.from({ length: Math.max(0, high - low + 1) }, (_, i) => 10 ** (low + i));
}

function table({ rows }: Result): Table {
  const activations = new Map(norms(rows).map((point) => [point.layer, point.norm]));
  return {
    columns: [
      { key: "series", title: "probe" },
      { key: "layer", title: "layer" },
      { key: "testError", title: "mean test error", format: (value) => value.toFixed(4) },
      { key: "standardError", title: "standard error", format: (value) => value.toFixed(4) },
      { key: "low", title: "2.5 % quantile", format: (value) => value.toFixed(4) },
      { key: "high", title: "97.5 % quantile", format: (value) => value.toFixed(4) },
      { key: "trainError", title: "mean train error", format: (value) => value.toFixed(4) },
      { key: "certifiedCount", title: "certified" },
      { key: "datasets", title: "of datasets" },
      { key: "worstGapNats", title: "greatest gap (nats)", format: significant },
      { key: "norm", title: "mean activation norm", format: significant },
    ],
    rows: points(rows).map((point) => ({ ...point, norm: activations.get(point.layer) ?? null })),
  };
}
