/**
 * @file At which depth plain training breaks down (Alain & Bengio 2016, section 3.4): the error of networks by depth, with
 * and without auxiliary losses, by their own classifier and by the certified probe on their last layer.
 */
import type { Result } from "@linear-probes/bench";
import type { TopLevelSpec } from "vega-lite";
import { claims } from "../claims/depth-sweep.ts";
import { errorAxis, fraction } from "../deep-chart.ts";
import type { FigureDefinition, Panel, PanelSize, Table } from "../figure.ts";
import { count } from "../format.ts";
import { type DepthPoint, points, series } from "../points/depth-sweep.ts";
import { type Encoding, quietColor, seriesLayers } from "../series.ts";
import { describeSettings } from "../settings.ts";

export const depthSweep: FigureDefinition = {
  id: "depth-sweep",
  label: "Section 3.4",
  title: "How deep can a plain network be trained?",
  source: "depth-sweep",
  replayLevel: "bitwise-one-machine",
  caption,
  panels,
  table,
  claims,
};

function caption({ rows, run }: Result): string {
  const all = points(rows);
  const sizes = describeSettings(run.settings, [
    ["images", "images the networks train on", count],
    ["end.images", "images their errors are taken on", count],
    ["auxEvery", "layers between auxiliary classifiers", count],
  ]);
  return (
    `Networks of the kind of figure 7 at several depths, ${Math.max(0, ...all.map(({ networks }) => networks))} of each, ` +
    `after ${count(Math.max(0, ...all.map(({ step }) => step)))} steps. Left, the training error of the network’s own ` +
    `last classifier; right, that of the certified probe on its last layer. Lines are means, bands go from the least to ` +
    `the greatest. Where the two sides differ, the last layer holds what its classifier has not learned to use.${sizes}`
  );
}

function panels({ rows }: Result): readonly Panel[] {
  const all = points(rows);
  const titles = {
    own: "Train error (fraction), the network’s own",
    probe: "Train error (fraction), probe on the last layer",
  };
  return (["own", "probe"] as const).map((id) => {
    const own = all.filter(({ panel }) => panel === id);
    const ends = own.map(({ series, depth, trainError }) => `${series}, ${depth} layers: ${trainError.toFixed(3)}`);
    return {
      id,
      title: titles[id],
      share: 0.5,
      probes: id === "probe",
      description: `Line chart of train error by depth. ${ends.join("; ")}.`,
      spec: (size) => depthSpec(own, size, id),
    };
  });
}

function depthSpec(data: readonly DepthPoint[], { width, narrow }: PanelSize, id: DepthPoint["panel"]): TopLevelSpec {
  const depths = [...new Set(data.map(({ depth }) => depth))];
  const x: NonNullable<Encoding["x"]> = {
    field: "depth",
    type: "quantitative",
    title: "layers",
    scale: { domain: [0, Math.max(1, ...depths)], nice: false },
    axis: { values: depths, labelOverlap: true },
  };
  return {
    width,
    height: narrow ? 280 : 320,
    autosize: { type: "fit", contains: "padding" },
    data: { values: data.map((point) => ({ ...point, certified: point.certified ?? true })) },
    layer: [
      {
        mark: { type: "area", opacity: 0.18 },
        encoding: {
          x,
          y: { ...errorAxis, field: "low" },
          y2: { field: "high" },
          color: quietColor(series),
          detail: { field: "series", type: "nominal" },
        },
      },
      ...seriesLayers(
        series,
        { x, y: errorAxis },
        {
          param: `sweep_${id}`,
          markerSize: narrow ? 30 : 40,
          tooltip: [
            { field: "series", title: "networks" },
            { field: "depth", title: "layers" },
            { field: "trainError", title: "mean train error", format: ".4f" },
          ],
        },
      ),
    ],
  };
}

function table({ rows }: Result): Table {
  return {
    columns: [
      { key: "panel", title: "error of" },
      { key: "series", title: "networks" },
      { key: "depth", title: "layers" },
      { key: "trainError", title: "mean train error", format: fraction },
      { key: "low", title: "least", format: fraction },
      { key: "high", title: "greatest", format: fraction },
      { key: "networks", title: "of networks" },
      { key: "certified", title: "all certified" },
    ],
    rows: points(rows),
  };
}
