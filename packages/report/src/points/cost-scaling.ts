/** @file The points of the cost figure: seconds of a pass and of a fit by shape, and the exponents fitted to them. */
import {
  costAxes,
  type CostAxis,
  type CostExponent,
  costExponents,
  type CostPoint,
  type Result,
} from "@linear-probes/bench";
import type { Row } from "@linear-probes/core";
import { numberCell, textCell } from "../cells.ts";
import type { Series } from "../series.ts";

export const series: readonly Series[] = [
  { key: "fitSeconds", label: "a certified fit", color: "series1", shape: "circle", dash: [1, 0] },
  { key: "secondsPerPass", label: "a pass", color: "series2", shape: "square", dash: [6, 3] },
];

export interface ShapeCost extends CostPoint {
  readonly fitPasses: number;
  readonly status: string;
}

function axisOf(row: Row): CostAxis | undefined {
  return costAxes.find((axis) => axis === textCell(row, "axis"));
}

function shapeKey(row: Row): string {
  return ["axis", ...costAxes].map((key) => String(row[key])).join(" ");
}

/** Rows with their seconds; those without any are left out. */
export function shapeCosts({ rows, seconds = [] }: Result): readonly ShapeCost[] {
  const timed = new Map(seconds.map((row) => [shapeKey(row), row]));
  return rows.flatMap((row) => {
    const [axis, time] = [axisOf(row), timed.get(shapeKey(row))];
    if (axis === undefined || time === undefined) return [];
    return [
      {
        axis,
        rows: numberCell(row, "rows"),
        cols: numberCell(row, "cols"),
        classes: numberCell(row, "classes"),
        fitPasses: numberCell(row, "fitPasses"),
        status: textCell(row, "status"),
        secondsPerPass: numberCell(time, "secondsPerPass"),
        fitSeconds: numberCell(time, "fitSeconds"),
      },
    ];
  });
}

export function exponents(result: Result): readonly CostExponent[] {
  return costExponents(shapeCosts(result));
}
