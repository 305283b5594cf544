/**
 * @file What a probe costs by its shape: seconds of one pass of the fused kernel and of a whole certified fit, against
 * rows n, columns d and classes k, over two decades and more of each, with fitted exponents.
 */
import { costAxes, type CostAxis, type Result } from "@linear-probes/bench";
import type { TopLevelSpec } from "vega-lite";
import { claims } from "../claims/solver-cost.ts";
import type { FigureDefinition, Panel, PanelSize, Table } from "../figure.ts";
import { count, significant } from "../format.ts";
import { exponents, series, type ShapeCost, shapeCosts } from "../points/cost-scaling.ts";
import { seriesLayers } from "../series.ts";
import { describeSettings } from "../settings.ts";
import { logAxis } from "../solver-chart.ts";

export const solverCost: FigureDefinition = {
  id: "solver-cost",
  label: "Solvers 6",
  title: "What a probe costs by rows, columns and classes",
  source: "cost-scaling",
  replayLevel: "bitwise-one-machine",
  caption,
  panels,
  table,
  claims,
};

const names = { rows: "rows n", cols: "columns d", classes: "classes k" } as const;

function caption(result: Result): string {
  const fitted = exponents(result).map(({ axis, cost, exponent, upper }) => {
    const what = series.find(({ key }) => key === cost)?.label ?? cost;
    return `${what} by ${names[axis]} ${exponent.toFixed(2)} (${upper.toFixed(2)} over the upper half)`;
  });
  const sizes = describeSettings(result.run.settings, [
    ["base.rows", "rows while they stay", count],
    ["base.cols", "columns", count],
    ["base.classes", "classes", count],
    ["repeats", "timed fits of each shape", count],
  ]);
  return (
    `Drawn problems of equal difficulty (condition number 100, l2 1e-4): one of rows, columns and classes varies while ` +
    `the others stay. A pass is the loss and its gradient over all rows; a fit is the whole call to L-BFGS until a ` +
    `relative gap of 1e-6 is certified, set-up and certificates included. Fitted exponents: ${fitted.join("; ")}. Small ` +
    `shapes are dominated by fixed costs, which is why the upper half is given apart. The number of passes repeats ` +
    `exactly; seconds are of one machine, with ${result.run.threads} threads.${sizes}`
  );
}

function panels(result: Result): readonly Panel[] {
  const all = shapeCosts(result);
  return costAxes.map((axis) => {
    const own = all.filter((point) => point.axis === axis);
    const said = exponents(result)
      .filter((one) => one.axis === axis)
      .map(({ cost, exponent }) => `${series.find(({ key }) => key === cost)?.label ?? cost} ^${exponent.toFixed(2)}`);
    return {
      id: axis,
      title: `Seconds by ${names[axis]}`,
      share: 1 / 3,
      probes: false,
      description: `Line chart on logarithmic scales. Fitted powers of ${names[axis]}: ${said.join(", ")}.`,
      spec: (size: PanelSize) => costSpec(own, size, axis, all),
    };
  });
}

function costSpec(
  own: readonly ShapeCost[],
  { width, narrow }: PanelSize,
  axis: CostAxis,
  all: readonly ShapeCost[],
): TopLevelSpec {
  const x = logAxis(
    axis,
    names[axis],
    own.map((point) => point[axis]),
    { room: 5 },
  );
  const seconds = all.flatMap(({ secondsPerPass, fitSeconds }) => [secondsPerPass, fitSeconds]);
  const y = logAxis("seconds", null, seconds, { room: 6, vertical: true });
  const values = series.flatMap(({ key, label }) =>
    own.map((point) => ({
      ...point,
      series: label,
      seconds: key === "fitSeconds" ? point.fitSeconds : point.secondsPerPass,
      certified: true,
    })),
  );
  return {
    width,
    height: narrow ? 260 : 300,
    autosize: { type: "fit", contains: "padding" },
    data: { values },
    layer: seriesLayers(
      series,
      { x, y },
      {
        param: `cost_${axis}`,
        markerSize: 36,
        tooltip: [
          { field: "series", title: "of" },
          { field: "rows", title: "n" },
          { field: "cols", title: "d" },
          { field: "classes", title: "k" },
          { field: "seconds", format: ".3~g" },
          { field: "fitPasses", title: "passes of the fit", format: ".4~g" },
        ],
      },
    ),
  };
}

function table(result: Result): Table {
  return {
    columns: [
      { key: "axis", title: "what varies" },
      { key: "rows", title: "n" },
      { key: "cols", title: "d" },
      { key: "classes", title: "k" },
      { key: "secondsPerPass", title: "seconds of a pass", format: significant },
      { key: "fitSeconds", title: "seconds of a fit", format: significant },
      { key: "fitPasses", title: "passes of the fit", format: significant },
      { key: "status", title: "ended" },
    ],
    rows: shapeCosts(result).map((point) => ({ ...point })),
  };
}
