/**
 * @file How wrong an under-solved probe is: the difference of its test error from that of the best probe of the same
 * objective, as a function of how far its objective is from the optimum, over all problems and solvers.
 */
import type { Result } from "@linear-probes/bench";
import type { TopLevelSpec } from "vega-lite";
import { claims } from "../claims/solver-undersolved.ts";
import type { FigureDefinition, Panel, PanelSize, Table } from "../figure.ts";
import { count, significant } from "../format.ts";
import { shiftsBySuboptimality, undersolved, type UndersolvedPoint, series } from "../points/solver-comparison.ts";
import { type Encoding, seriesLayers } from "../series.ts";
import { describeComparison, logAxis } from "../solver-chart.ts";
import { color } from "../theme.ts";

export const solverUndersolved: FigureDefinition = {
  id: "solver-undersolved",
  label: "Solvers 5",
  title: "How wrong an under-solved probe is",
  source: "solver-comparison",
  replayLevel: "bitwise-one-machine",
  caption,
  panels,
  table,
  claims,
};

/** A difference of errors that is nought, on a logarithmic axis. */
const NOUGHT = 1e-5;

function caption(result: Result): string {
  const all = undersolved(result);
  return (
    `Each dot is a probe as some solver had it at some moment, ${count(all.length)} in all: across, how far its objective ` +
    `is above the optimum, (F − F*)/F*; upwards, the absolute difference of its test error from that of the best probe ` +
    `of the same objective. Differences of nought are drawn at the lower edge. The lines are the median and the 95 % ` +
    `quantile by half decades. A certified gap bounds the horizontal position from the right, so that a probe certified ` +
    `to a gap has no larger error of its own making than the line there says. Problems whose optimum is known to worse ` +
    `than 1e-4 are left out.${describeComparison(result)}`
  );
}

function panels(result: Result): readonly Panel[] {
  const all = undersolved(result);
  const bins = shiftsBySuboptimality(all);
  const said = bins.map(
    ({ suboptimality, median, high }) => `${significant(suboptimality)}: ${median.toFixed(4)}, ${high.toFixed(4)}`,
  );
  return [
    {
      id: "shift",
      title: "|test error − that of the optimum| (fraction) by (F − F*)/F*",
      share: 1,
      probes: false,
      description: `Scatter plot on logarithmic scales, with median and 95 % quantile: ${said.join("; ")}.`,
      spec: (size) => shiftSpec(all, size),
    },
  ];
}

function shiftSpec(data: readonly UndersolvedPoint[], { width, narrow }: PanelSize): TopLevelSpec {
  const used = series.filter(({ label }) => data.some((point) => point.series === label));
  const x = logAxis(
    "suboptimality",
    "(F − F*)/F*",
    data.map(({ suboptimality }) => suboptimality),
    { room: narrow ? 5 : 10 },
  );
  const y: NonNullable<Encoding["y"]> = {
    field: "shown",
    type: "quantitative",
    title: null,
    scale: { type: "log", domain: [NOUGHT, 1], nice: false, clamp: true },
    axis: { values: [1e-4, 1e-3, 1e-2, 1e-1, 1], format: "~g", minExtent: 42, maxExtent: 42 },
  };
  const [, dots] = seriesLayers(
    used,
    { x, y },
    {
      param: "undersolved_shift",
      markerSize: 9,
      legendColumns: narrow ? 2 : 8,
      tooltip: [
        { field: "case", title: "problem" },
        { field: "series", title: "solver" },
        { field: "suboptimality", title: "(F − F*)/F*", format: ".2e" },
        { field: "testShift", title: "difference of test errors", format: ".4f" },
      ],
    },
  );
  const lines = shiftsBySuboptimality(data);
  const quantileLine = (field: "median" | "high", dash: readonly number[]) => ({
    data: { values: lines.map((line) => ({ ...line, shown: Math.max(NOUGHT, line[field]) })) },
    mark: { type: "line" as const, strokeWidth: 2.5, strokeDash: [...dash], color: color("ink") },
    encoding: { x, y },
  });
  return {
    width,
    height: narrow ? 380 : 440,
    autosize: { type: "fit", contains: "padding" },
    data: {
      values: data.map((point) => ({ ...point, certified: true, shown: Math.max(NOUGHT, point.testShift) })),
    },
    layer: [...(dots === undefined ? [] : [dots]), quantileLine("median", [1, 0]), quantileLine("high", [6, 3])],
  };
}

function table(result: Result): Table {
  return {
    columns: [
      { key: "suboptimality", title: "(F − F*)/F*, about", format: significant },
      { key: "median", title: "median |Δ test error|", format: (value) => value.toFixed(4) },
      { key: "high", title: "95 % quantile", format: (value) => value.toFixed(4) },
      { key: "most", title: "greatest", format: (value) => value.toFixed(4) },
      { key: "probes", title: "probes" },
    ],
    rows: shiftsBySuboptimality(undersolved(result)),
  };
}
