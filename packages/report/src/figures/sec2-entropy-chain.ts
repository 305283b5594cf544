/**
 * @file Section 2 of Alain & Bengio (2016): entropy can only be lost along a chain (Proposition 1), and says nothing of
 * what a linear probe can read. Left H(Y | A) by layer, right the error of the certified probe on the same laws.
 */
import type { Result } from "@linear-probes/bench";
import type { TopLevelSpec } from "vega-lite";
import { claims } from "../claims/sec2-entropy-chain.ts";
import type { FigureDefinition, Panel, PanelSize, Table } from "../figure.ts";
import { count } from "../format.ts";
import { type ChainPoint, points, series } from "../points/sec2-entropy-chain.ts";
import { type Encoding, quietColor, seriesLayers } from "../series.ts";
import { describeSettings } from "../settings.ts";

export const sec2EntropyChain: FigureDefinition = {
  id: "sec2-entropy-chain",
  label: "Section 2",
  title: "Along a chain information is only lost, and readability comes and goes",
  source: "sec2-entropy-chain",
  replayLevel: "bitwise-anywhere",
  caption,
  panels,
  table,
  claims,
};

function caption({ rows, run }: Result): string {
  const chains = Math.max(0, ...points(rows).map((point) => point.chains));
  const sizes = describeSettings(run.settings, [
    ["chain.bits", "bits per layer", count],
    ["chain.layers", "layers", count],
    ["probe.rows", "rows a probe is fitted to", count],
  ]);
  return (
    `Random discrete chains Y → A₁ → … → A_K, ${chains} of each kind, whose probabilities are all known: H(Y | A) is ` +
    `a finite sum in double precision, without sampling. Lines are means over the chains, bands the central 95 %. Left, ` +
    `it never falls along a chain, as Proposition 1 says, and stays exactly level where layers are bijections; it does ` +
    `fall where a skip connection brings an early layer back, since the layers then are no chain. Right, the error of ` +
    `the certified probe, which sees the binary digits of a state as ±1: it may rise and fall at any layer, and falls ` +
    `to the least error possible where bijections happen to sort the states by their label.${sizes}`
  );
}

function panels({ rows }: Result): readonly Panel[] {
  const all = points(rows);
  const ends = (field: "entropyBits" | "probeError"): string =>
    series
      .flatMap(({ label }) => {
        const own = all.filter((point) => point.series === label);
        const [first, last] = [own[0], own.at(-1)];
        if (first === undefined || last === undefined) return [];
        return [`${label}: from ${first[field].toFixed(3)} to ${last[field].toFixed(3)}`];
      })
      .join("; ");
  return [
    {
      id: "entropy",
      title: "H(Y | A) in bits, by layer",
      share: 0.5,
      probes: false,
      description: `Line chart of the mean conditional entropy by layer. ${ends("entropyBits")}.`,
      spec: (size) => lineSpec(all, size, { field: "entropyBits", low: "entropyLow", high: "entropyHigh", top: 1 }),
    },
    {
      id: "error",
      title: "Probe error (fraction) by layer",
      share: 0.5,
      probes: true,
      description: `Line chart of the mean error of certified probes by layer. ${ends("probeError")}.`,
      spec: (size) => lineSpec(all, size, { field: "probeError", low: "errorLow", high: "errorHigh", top: 0.6 }),
    },
  ];
}

interface Quantity {
  readonly field: "entropyBits" | "probeError";
  readonly low: string;
  readonly high: string;
  readonly top: number;
}

function lineSpec(data: readonly ChainPoint[], { width, narrow }: PanelSize, quantity: Quantity): TopLevelSpec {
  const { field, low, high, top } = quantity;
  const layers = Math.max(2, ...data.map(({ layer }) => layer));
  const x: NonNullable<Encoding["x"]> = {
    field: "layer",
    type: "quantitative",
    title: "layer k (1 = next to Y)",
    scale: { domain: [1, layers], nice: false },
    axis: { values: Array.from({ length: layers }, (_, i) => i + 1), format: "d" },
  };
  const y: NonNullable<Encoding["y"]> = {
    field,
    type: "quantitative",
    title: null,
    scale: { domain: [0, top], nice: false },
    axis: { format: ".1f", minExtent: 26, maxExtent: 26 },
  };
  const band = {
    mark: { type: "area" as const, opacity: 0.1 },
    encoding: {
      x,
      y: { ...y, field: low },
      y2: { field: high },
      color: quietColor(series),
      detail: { field: "series", type: "nominal" as const },
    },
  };
  return {
    width,
    height: narrow ? 340 : 400,
    autosize: { type: "fit", contains: "padding" },
    data: { values: [...data] },
    layer: [
      band,
      ...seriesLayers(
        series,
        { x, y },
        {
          param: `sec2_${field}`,
          markerSize: narrow ? 26 : 40,
          tooltip: [
            { field: "series", title: "kind" },
            { field: "layer" },
            { field, title: field === "entropyBits" ? "H(Y | A), bits" : "probe error", format: ".4f" },
          ],
        },
      ),
    ],
  };
}

function table({ rows }: Result): Table {
  const digits = (value: number): string => value.toFixed(4);
  return {
    columns: [
      { key: "series", title: "kind" },
      { key: "layer", title: "layer" },
      { key: "entropyBits", title: "mean H(Y | A), bits", format: digits },
      { key: "bayesError", title: "mean least error possible", format: digits },
      { key: "probeError", title: "mean probe error", format: digits },
      { key: "errorLow", title: "2.5 % quantile", format: digits },
      { key: "errorHigh", title: "97.5 % quantile", format: digits },
      { key: "certified", title: "all certified" },
      { key: "chains", title: "chains" },
    ],
    rows: points(rows),
  };
}
