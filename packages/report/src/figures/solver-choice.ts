/**
 * @file Which solver when: the quickest solver to a relative suboptimality of 1e-6 (or, where none got there, of 1e-3) on
 * every problem, drawn over columns and conditioning, apart for two and for more classes.
 */
import type { Choice, Result } from "@linear-probes/bench";
import type { TopLevelSpec } from "vega-lite";
import type { FigureDefinition, Panel, PanelSize, Table } from "../figure.ts";
import { significant } from "../format.ts";
import { choices, comparison, series } from "../points/solver-comparison.ts";
import { seriesLayers } from "../series.ts";
import { describeComparison, logAxis } from "../solver-chart.ts";

export const solverChoice: FigureDefinition = {
  id: "solver-choice",
  label: "Solvers 3",
  title: "Which solver when",
  source: "solver-comparison",
  replayLevel: "bitwise-one-machine",
  caption,
  panels,
  table,
  claims: [],
};

function caption(result: Result): string {
  const cost = comparison(result).timings.length > 0 ? "seconds" : "passes";
  const shapes = finest(result);
  const wins = [...Map.groupBy(shapes, ({ best }) => best)]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([solver, group]) => `${solver} ${group.length}`);
  return (
    `Each mark is a problem at one penalty; its colour and shape name the solver that needs fewest ${cost} to a relative ` +
    `suboptimality of 1e-6, or of 1e-3 where none got to 1e-6. Across: columns d. Upwards: the condition number of the ` +
    `Hessian at W = 0, (λmax/k + l2)/(λmin/k + l2) with λ the eigenvalues of the features’ covariance, which is what ` +
    `makes a problem hard for a solver that does not precondition. “plain” and “whitened” settings count as their ` +
    `solver; the table tells them apart, and how far behind the second is. Quickest: ${wins.join(", ")}. Where the ` +
    `lead is below some 1.3, take it as a tie.${describeComparison(result)}`
  );
}

/** The choice at the finest target that any solver reached. */
function finest(result: Result): readonly Choice[] {
  const groups = Map.groupBy(choices(result), ({ problem, l2 }) => `${problem} ${l2}`);
  return [...groups.values()].flatMap((group) => group.toSorted((a, b) => a.target - b.target)[0] ?? []);
}

function panels(result: Result): readonly Panel[] {
  const all = finest(result);
  const kinds = [
    { id: "two", title: "two classes", own: all.filter(({ classes }) => classes === 2) },
    { id: "many", title: "more than two classes", own: all.filter(({ classes }) => classes > 2) },
  ];
  return kinds.map(({ id, title, own }) => ({
    id,
    title: `Condition number by columns, ${title}`,
    share: 0.5,
    probes: false,
    description: `Scatter plot on logarithmic scales. Quickest: ${own
      .map(({ best, cols, condition }) => `${best} at ${cols} columns and condition ${condition.toExponential(0)}`)
      .join("; ")}.`,
    spec: (size: PanelSize) => mapSpec(own, size, `choice_${id}`, all),
  }));
}

function mapSpec(
  own: readonly Choice[],
  { width, narrow }: PanelSize,
  param: string,
  all: readonly Choice[],
): TopLevelSpec {
  const base = (solver: string): string => solver.split(" ")[0] ?? solver;
  const used = series.filter(({ key }) => all.some(({ best }) => base(best) === key));
  const x = logAxis(
    "cols",
    "columns d",
    all.map(({ cols }) => cols),
    { room: 6 },
  );
  const y = logAxis(
    "condition",
    null,
    all.map(({ condition }) => condition),
    { room: 6, vertical: true },
  );
  const [, marks] = seriesLayers(
    used,
    { x, y },
    {
      param,
      markerSize: narrow ? 60 : 90,
      legendColumns: narrow ? 2 : 4,
      tooltip: [
        { field: "problem" },
        { field: "l2", format: ".0e" },
        { field: "best", title: "quickest" },
        { field: "lead", title: "lead on the second", format: ".2~f" },
        { field: "target", title: "to", format: ".0e" },
      ],
    },
  );
  return {
    width,
    height: narrow ? 340 : 380,
    autosize: { type: "fit", contains: "padding" },
    data: { values: own.map((choice) => ({ ...choice, series: base(choice.best), certified: true })) },
    layer: marks === undefined ? [] : [marks],
  };
}

function table(result: Result): Table {
  return {
    columns: [
      { key: "problem", title: "problem" },
      { key: "l2", title: "l2", format: significant },
      { key: "rows", title: "n" },
      { key: "cols", title: "d" },
      { key: "classes", title: "k" },
      { key: "condition", title: "condition", format: significant },
      { key: "target", title: "to", format: significant },
      { key: "best", title: "quickest" },
      { key: "cost", title: comparison(result).timings.length > 0 ? "its seconds" : "its passes", format: significant },
      { key: "second", title: "second" },
      { key: "lead", title: "lead", format: significant },
    ],
    rows: choices(result).map((choice) => ({ ...choice })),
  };
}
