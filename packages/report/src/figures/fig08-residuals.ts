/**
 * @file What was measured for figure 8 of Alain & Bengio (2016) minus what its bars show, layer by layer, with the noise of
 * reading the bars and the tolerance of the claim about them as bands.
 */
import type { Result } from "@linear-probes/bench";
import type { TopLevelSpec } from "vega-lite";
import { claims } from "../claims/fig08-residuals.ts";
import { layerAxis } from "../deep-chart.ts";
import type { FigureDefinition, Panel, PanelSize, Table } from "../figure.ts";
import { count } from "../format.ts";
import { barsTolerance, digitisingNoise } from "../paper/fig08-digitised.ts";
import { type Residual, residuals } from "../points/fig08-residuals.ts";
import { series } from "../points/deep-networks.ts";
import { stepsOf } from "../points/frames.ts";
import { type Encoding, seriesLayers } from "../series.ts";
import { mean } from "../statistics.ts";
import { color } from "../theme.ts";

export const fig08Residuals: FigureDefinition = {
  id: "fig08-residuals",
  label: "Figure 8, overlay",
  title: "Measured against the paper’s own bars",
  source: "fig08-skip-connection",
  replayLevel: "bitwise-one-machine",
  caption,
  panels,
  table,
  claims,
};

function caption({ rows }: Result): string {
  const all = residuals(rows);
  if (all.length === 0) {
    return (
      "The train error of every layer’s probe minus the height of the paper’s bar. The paper’s network has 128 layers and " +
      "this run’s has not, so that there is nothing to compare."
    );
  }
  const moments = series.flatMap(({ label }) =>
    stepsOf(all).flatMap((step) => {
      const own = all.filter((one) => one.series === label && one.step === step);
      return own.length === 0
        ? []
        : [`${label} after ${count(step)} steps ${mean(own.map(({ residual }) => Math.abs(residual))).toFixed(3)}`];
    }),
  );
  return (
    `The train error of every layer’s probe minus the height of the paper’s bar, read off its figure. The narrow band is the ` +
    `noise of that reading, ±${digitisingNoise}; the wide one, ±${barsTolerance}, is what the claim below allows. Weights and ` +
    `order of images are other draws than the paper’s. Mean absolute differences: ${moments.join("; ")}.`
  );
}

function panels({ rows }: Result): readonly Panel[] {
  const all = residuals(rows);
  const steps = stepsOf(all);
  return steps.map((step) => {
    const own = all.filter((one) => one.step === step);
    const greatest = own.toSorted((a, b) => Math.abs(b.residual) - Math.abs(a.residual))[0];
    return {
      id: `step-${step}`,
      title: `Measured minus paper after ${count(step)} steps`,
      share: 1 / steps.length,
      probes: true,
      description:
        `Line chart of the difference by layer after ${step} steps, with tolerance bands. The greatest is ` +
        `${greatest?.residual.toFixed(3) ?? "–"}, at layer ${greatest?.layer ?? "–"} by ${greatest?.series ?? "–"}.`,
      spec: (size) => residualSpec(own, size, `fig08_residual_${step}`),
    };
  });
}

function residualSpec(data: readonly Residual[], { width, narrow }: PanelSize, param: string): TopLevelSpec {
  const y: NonNullable<Encoding["y"]> = {
    field: "residual",
    type: "quantitative",
    title: null,
    scale: { domain: [-1, 1], nice: false },
    axis: { format: "+.1f", values: [-1, -0.5, 0, 0.5, 1], minExtent: 30, maxExtent: 30 },
  };
  const last = Math.max(1, ...data.map(({ layer }) => layer));
  return {
    width,
    height: narrow ? 280 : 300,
    autosize: { type: "fit", contains: "padding" },
    data: { values: [...data] },
    layer: [
      ...[barsTolerance, digitisingNoise].map((half) => ({
        data: { values: [{ low: -half, high: half }] },
        mark: { type: "rect" as const, color: color("target"), opacity: 0.22 },
        encoding: { y: { ...y, field: "low" }, y2: { field: "high" } },
      })),
      ...seriesLayers(
        series,
        { x: layerAxis(last, narrow || width < 400), y },
        {
          param,
          markerSize: 9,
          tooltip: [
            { field: "series", title: "probe" },
            { field: "layer" },
            { field: "trainError", title: "measured", format: ".4f" },
            { field: "paper", title: "the paper’s", format: ".3f" },
            { field: "residual", title: "difference", format: "+.3f" },
          ],
        },
      ),
    ],
  };
}

function table({ rows }: Result): Table {
  const signed = (value: number): string => (value > 0 ? "+" : "") + value.toFixed(3);
  return {
    columns: [
      { key: "step", title: "step" },
      { key: "series", title: "probe" },
      { key: "layer", title: "layer" },
      { key: "trainError", title: "measured", format: (value) => value.toFixed(4) },
      { key: "paper", title: "the paper’s, digitised", format: (value) => value.toFixed(3) },
      { key: "residual", title: "difference", format: signed },
      { key: "certified", title: "certified" },
    ],
    rows: residuals(rows),
  };
}
