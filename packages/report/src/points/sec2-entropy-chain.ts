/** @file The points of section 2: entropies and errors along chains, averaged by family and layer. */
import type { Row } from "@linear-probes/core";
import { flagCell, numberCell, textCell } from "../cells.ts";
import type { Series } from "../series.ts";
import { mean, quantile } from "../statistics.ts";

export const series: readonly Series[] = [
  { key: "noisy", label: "chain, every layer noisy", color: "series1", shape: "circle", dash: [1, 0] },
  { key: "merging", label: "chain, layers merge states", color: "series2", shape: "square", dash: [6, 3] },
  { key: "unfolding", label: "chain, bijections that sort", color: "series3", shape: "triangle-up", dash: [2, 2] },
  { key: "skip", label: "no chain: skip from layer 1", color: "mixed", shape: "diamond", dash: [8, 2, 2, 2] },
];

export interface ChainLayer {
  readonly layer: number;
  readonly entropyBits: number; // H(Y | A)
  readonly probeError: number;
  readonly certified: boolean;
}

/** The layers of each chain of a family, in order. */
export function chains(rows: readonly Row[], family: string): readonly (readonly ChainLayer[])[] {
  const own = rows.filter((row) => row["family"] === family);
  const groups = Map.groupBy(own, (row) => numberCell(row, "chain"));
  return [...groups.values()].map((layers) =>
    layers
      .map((row) => ({
        layer: numberCell(row, "layer"),
        entropyBits: numberCell(row, "conditionalEntropyBits"),
        probeError: numberCell(row, "probeError"),
        certified: flagCell(row, "certified"),
      }))
      .sort((a, b) => a.layer - b.layer),
  );
}

export interface ChainPoint extends Row {
  readonly series: string; // label
  readonly layer: number;
  readonly entropyBits: number; // mean over chains
  readonly entropyLow: number; // 2.5 % quantile
  readonly entropyHigh: number; // 97.5 %
  readonly bayesError: number; // mean
  readonly probeError: number; // mean
  readonly errorLow: number;
  readonly errorHigh: number;
  readonly certified: boolean; // every chain's probe
  readonly chains: number;
}

export function points(rows: readonly Row[]): readonly ChainPoint[] {
  return series.flatMap(({ key, label }) => {
    const own = rows.filter((row) => textCell(row, "family") === key);
    const layers = [...Map.groupBy(own, (row) => numberCell(row, "layer"))].sort(([a], [b]) => a - b);
    return layers.map(([layer, group]) => {
      const cells = (name: string) => group.map((row) => numberCell(row, name));
      const [entropies, errors] = [cells("conditionalEntropyBits"), cells("probeError")];
      return {
        series: label,
        layer,
        entropyBits: mean(entropies),
        entropyLow: quantile(entropies, 0.025),
        entropyHigh: quantile(entropies, 0.975),
        bayesError: mean(cells("bayesError")),
        probeError: mean(errors),
        errorLow: quantile(errors, 0.025),
        errorHigh: quantile(errors, 0.975),
        certified: group.every((row) => flagCell(row, "certified")),
        chains: group.length,
      };
    });
  });
}
