/** @file The points of the depth sweep: networks' own errors and those of the probe on their last layer, by depth. */
import type { Row } from "@linear-probes/core";
import { flagCell, numberCell, textCell } from "../cells.ts";
import type { Series } from "../series.ts";
import { mean } from "../statistics.ts";

export const series: readonly Series[] = [
  { key: "auxiliary", label: "with auxiliary losses", color: "series1", shape: "circle", dash: [1, 0] },
  { key: "plain", label: "without", color: "series2", shape: "square", dash: [6, 3] },
];

export interface DepthPoint extends Row {
  readonly panel: "own" | "probe"; // the network's own classifier, or the probe on its last layer
  readonly series: string; // label
  readonly depth: number;
  readonly trainError: number; // mean over networks
  readonly low: number; // least
  readonly high: number; // greatest
  readonly networks: number;
  readonly certified: boolean | null;
  readonly step: number;
}

export function points(rows: readonly Row[]): readonly DepthPoint[] {
  return (["own", "probe"] as const).flatMap((panel) =>
    series.flatMap(({ key, label }) => {
      const kind = panel === "own" ? "model" : "probe";
      const own = rows.filter((row) => row["kind"] === kind && textCell(row, "variant") === key);
      return [...Map.groupBy(own, (row) => numberCell(row, "depth"))]
        .toSorted(([a], [b]) => a - b)
        .map(([depth, group]) => {
          const errors = group.map((row) => numberCell(row, "trainError"));
          return {
            panel,
            series: label,
            depth,
            trainError: mean(errors),
            low: Math.min(...errors),
            high: Math.max(...errors),
            networks: group.length,
            certified: panel === "own" ? null : group.every((row) => flagCell(row, "certified")),
            step: Math.max(...group.map((row) => numberCell(row, "step"))),
          };
        });
    }),
  );
}
