/**
 * @file What a change of variables is worth: passes to a relative suboptimality of 1e-3 of each solver without and with
 * preconditioning or whitening, the objective being the same; and of each solver on the same layer unscaled and with
 * standardised columns, where the penalty, and so the objective, is another.
 */
import type { Result } from "@linear-probes/bench";
import type { TopLevelSpec } from "vega-lite";
import type { FigureDefinition, Panel, PanelSize, Table } from "../figure.ts";
import { significant } from "../format.ts";
import { type EffectPoint, effects, series } from "../points/solver-comparison.ts";
import { type Encoding, quietColor, seriesLayers } from "../series.ts";
import { caseAxis, describeComparison, logAxis } from "../solver-chart.ts";

export const solverPreconditioning: FigureDefinition = {
  id: "solver-preconditioning",
  label: "Solvers 4",
  title: "What scaling and preconditioning are worth",
  source: "solver-comparison",
  replayLevel: "bitwise-one-machine",
  caption,
  panels,
  table,
  claims: [],
};

function caption(result: Result): string {
  const both = effects(result).filter((point) => point.without !== null && point.with !== null);
  const factors = both
    .filter(({ panel }) => panel === "preconditioning")
    .map((point) => (point.without ?? 1) / (point.with ?? 1))
    .toSorted((a, b) => a - b);
  const range =
    factors.length === 0
      ? ""
      : ` Where both arrive, preconditioning divides the passes by ${significant(factors[0] ?? 1)} to ${significant(factors.at(-1) ?? 1)}.`;
  return (
    `Passes to a relative suboptimality of 1e-3, logarithmic: hollow without, filled with the change of variables. A ` +
    `missing mark did not arrive within its budget. Above, the objective is the same and only the solver’s coordinates ` +
    `change: L-BFGS and Newton-CG with a Kronecker preconditioner from one Gram matrix, stochastic solvers on whitened ` +
    `features; all centre the columns. Below, layer 16 of an untrained network as it is and with standardised columns: ` +
    `there the penalty weighs otherwise, so that it is another problem, and for a solver that preconditions hardly an ` +
    `easier one.${range}${describeComparison(result)}`
  );
}

const titles = {
  preconditioning: { title: "Passes to 1e-3, without and with preconditioning", hollow: "without", filled: "with" },
  scaling: {
    title: "Passes to 1e-3 on layer 16, unscaled and standardised",
    hollow: "unscaled",
    filled: "standardised",
  },
} as const;

function panels(result: Result): readonly Panel[] {
  const all = effects(result);
  return (["preconditioning", "scaling"] as const)
    .map((id) => ({ id, own: all.filter(({ panel }) => panel === id) }))
    .filter(({ own }) => own.length > 0)
    .map(({ id, own }) => ({
      id,
      title: titles[id].title,
      share: 1,
      probes: false,
      description: `Dot plot, two dots a line, passes on a logarithmic axis. ${own
        .map((point) => `${point.case}, ${point.series}: ${words(point.without)} to ${words(point.with)}`)
        .join("; ")}.`,
      spec: (size: PanelSize) => effectSpec(own, size, id),
    }));
}

function words(passes: number | null): string {
  return passes === null ? "never" : significant(passes);
}

function effectSpec(
  data: readonly EffectPoint[],
  { width, narrow }: PanelSize,
  id: EffectPoint["panel"],
): TopLevelSpec {
  const label = (point: EffectPoint): string => (id === "scaling" ? point.case : `${point.case}: ${point.series}`);
  const lines = data.map((point) => ({ ...point, line: label(point) }));
  const used = series.filter((one) => data.some((point) => point.series === one.label));
  const values = data.flatMap((point) => [point.without ?? 0, point.with ?? 0]);
  const x = logAxis("passes", `passes; hollow: ${titles[id].hollow}, filled: ${titles[id].filled}`, values, {
    room: narrow ? 4 : 8,
  });
  const y: NonNullable<Encoding["y"]> = {
    field: "line",
    type: "nominal",
    title: null,
    sort: lines.map(({ line }) => line),
    axis: caseAxis(narrow, 340),
  };
  const [, filled, hollow] = seriesLayers(
    used,
    { x, y },
    {
      param: `effect_${id}`,
      markerSize: narrow ? 36 : 64,
      legendColumns: narrow ? 2 : 8,
      tooltip: [{ field: "line", title: "problem, solver" }, { field: "setting" }, { field: "passes", format: ".4~g" }],
    },
  );
  const dots = lines.flatMap((point) =>
    (
      [
        [point.without, false],
        [point.with, true],
      ] as const
    ).flatMap(([passes, after]) =>
      passes === null
        ? []
        : [{ ...point, passes, certified: after, setting: after ? titles[id].filled : titles[id].hollow }],
    ),
  );
  return {
    width,
    height: 80 + (narrow ? 26 : 22) * Math.max(1, lines.length),
    autosize: { type: "fit", contains: "padding" },
    data: { values: dots },
    layer: [
      {
        data: { values: lines.filter((point) => point.without !== null && point.with !== null) },
        mark: { type: "rule", strokeWidth: 2, opacity: 0.5 },
        encoding: { x: { ...x, field: "without" }, x2: { field: "with" }, y, color: quietColor(used) },
      },
      ...[filled, hollow].filter((layer) => layer !== undefined),
    ],
  };
}

function table(result: Result): Table {
  return {
    columns: [
      { key: "panel", title: "effect of" },
      { key: "case", title: "problem or solver" },
      { key: "series", title: "solver" },
      { key: "target", title: "to", format: significant },
      { key: "without", title: "passes without", format: significant },
      { key: "with", title: "passes with", format: significant },
      { key: "factor", title: "factor", format: significant },
    ],
    rows: effects(result).map((point) => ({
      ...point,
      factor: point.without === null || point.with === null ? null : point.without / point.with,
    })),
  };
}
