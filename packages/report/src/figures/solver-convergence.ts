/**
 * @file How far each solver is from the optimum at every moment: relative suboptimality against passes over the rows and
 * against seconds of the solver alone, as the literature on stochastic solvers draws it (Schmidt et al. 2013).
 */
import type { Result } from "@linear-probes/bench";
import type { TopLevelSpec } from "vega-lite";
import { claims } from "../claims/solver-convergence.ts";
import type { FigureDefinition, Panel, PanelSize, Table } from "../figure.ts";
import { significant } from "../format.ts";
import { caseName, comparison, type ConvergencePoint, convergence, series } from "../points/solver-comparison.ts";
import { type Encoding, quietColor, seriesLayers } from "../series.ts";
import { describeComparison, logAxis } from "../solver-chart.ts";

export const solverConvergence: FigureDefinition = {
  id: "solver-convergence",
  label: "Solvers 1",
  title: "How far from the optimum, at every moment",
  source: "solver-comparison",
  replayLevel: "bitwise-one-machine",
  caption,
  panels,
  table,
  claims,
};

/** The problems that are drawn, as far as the run has them; the first of each one's penalties. The rest is in the table. */
const DRAWN = [
  "mnist-pixels",
  "untrained-layer-standardized",
  "convnet-conv1-postact",
  "toy-layer",
  "ill-conditioned",
  "separable",
];
const MOST_DRAWN = 4;
/** Penalties, the most telling first: weaker ones are harder, and 1e-4 is within reach of most solvers. */
const PREFERRED_L2 = 1e-4;

function caption(result: Result): string {
  const names = drawnCases(result).map(({ name, about, rows, cols, classes }) => {
    return `${name} (${about}; ${rows} × ${cols}, ${classes} classes)`;
  });
  return (
    `Relative suboptimality (F − F*)/F* of the penalised objective, against passes over the training rows and against ` +
    `seconds, both logarithmic. F* is the least objective that any run reached; below what the certified gaps say of ` +
    `it nothing is drawn. Lines are medians over seeds, bands reach from the least to the greatest; deterministic ` +
    `solvers run once. A pass is one product with all rows, forth or back, so that an L-BFGS iteration and an epoch of ` +
    `SAG cost about one and are not alike in seconds. Only the solver is timed: neither certificates nor evaluations. ` +
    `Passes repeat exactly, seconds are of one machine. From the top: ${names.join("; ")}.${describeComparison(result)}`
  );
}

function drawnCases(result: Result) {
  const { problems, ends } = comparison(result);
  return DRAWN.flatMap((name) => problems.find(({ problem }) => problem === name) ?? [])
    .slice(0, MOST_DRAWN)
    .flatMap((row) => {
      const penalties = [...new Set(ends.filter(({ problem }) => problem === row.problem).map(({ l2 }) => l2))];
      const l2 = penalties.includes(PREFERRED_L2) ? PREFERRED_L2 : penalties[0];
      return l2 === undefined ? [] : [{ ...row, name: caseName({ problem: row.problem, l2 }) }];
    });
}

function panels(result: Result): readonly Panel[] {
  const all = convergence(result);
  return drawnCases(result).flatMap(({ problem, name }) => {
    const own = all.filter((point) => point.case === name);
    const ends = series.flatMap(({ label }) => {
      const last = own.filter((point) => point.series === label).at(-1);
      return last === undefined
        ? []
        : [`${label}: ${significant(last.suboptimality)} after ${significant(last.passes)} passes`];
    });
    return (["passes", "seconds"] as const)
      .filter((field) => own.some((point) => point[field] !== null))
      .map((field) => ({
        id: `${problem}-${field}`,
        title: `${name}: (F − F*)/F* by ${field}`,
        share: 0.5,
        probes: false,
        description: `Line chart on logarithmic scales of relative suboptimality by ${field}. ${ends.join("; ")}.`,
        spec: (size: PanelSize) => convergenceSpec(own, size, problem, field),
      }));
  });
}

function convergenceSpec(
  data: readonly ConvergencePoint[],
  { width, narrow }: PanelSize,
  problem: string,
  field: "passes" | "seconds",
): TopLevelSpec {
  const shown = data.filter((point) => (point[field] ?? 0) > 0);
  const x = logAxis(
    field,
    field === "passes" ? "passes over the rows" : "seconds of the solver",
    shown.map((point) => point[field] ?? 1),
    { room: 5 },
  );
  const y: NonNullable<Encoding["y"]> = {
    field: "suboptimality",
    type: "quantitative",
    title: null,
    scale: { type: "log", domain: [1e-8, 10], nice: false, clamp: true },
    axis: { values: [1e-8, 1e-6, 1e-4, 1e-2, 1], format: ".0e", minExtent: 42, maxExtent: 42 },
  };
  const used = series.filter(({ label }) => shown.some((point) => point.series === label));
  return {
    width,
    height: narrow ? 380 : 400,
    autosize: { type: "fit", contains: "padding" },
    data: { values: shown.map((point) => ({ ...point, certified: true })) },
    layer: [
      {
        mark: { type: "area", opacity: 0.18 },
        encoding: {
          x,
          y: { ...y, field: "low" },
          y2: { field: "high" },
          color: quietColor(used),
          detail: { field: "series", type: "nominal" },
        },
      },
      ...seriesLayers(
        used,
        { x, y },
        {
          param: `convergence_${problem.replaceAll(/\W/g, "_")}_${field}`,
          markerSize: 14,
          legendColumns: narrow ? 2 : 4,
          order: "step",
          tooltip: [
            { field: "series", title: "solver" },
            { field: "passes", format: ".4~g" },
            { field: "seconds", format: ".3~g" },
            { field: "suboptimality", title: "(F − F*)/F*", format: ".2e" },
            { field: "seeds" },
          ],
        },
      ),
    ],
  };
}

function table(result: Result): Table {
  const drawn = new Set(drawnCases(result).map(({ name }) => name));
  return {
    columns: [
      { key: "case", title: "problem" },
      { key: "series", title: "solver" },
      { key: "step", title: "step" },
      { key: "passes", title: "passes", format: significant },
      { key: "seconds", title: "seconds", format: significant },
      { key: "suboptimality", title: "median (F − F*)/F*", format: significant },
      { key: "low", title: "least", format: significant },
      { key: "high", title: "greatest", format: significant },
      { key: "seeds", title: "seeds" },
    ],
    rows: convergence(result).filter((point) => drawn.has(point.case)),
  };
}
