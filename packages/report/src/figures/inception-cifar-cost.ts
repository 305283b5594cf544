/**
 * @file What probing costs: measured on the small Inception, and reckoned for ImageNet, solver by solver. Section 4 of Alain
 * & Bengio (2016) found it “absolutely impossible” and named SAG and SVRG as the way to try.
 */
import type { Result } from "@linear-probes/bench";
import type { TopLevelSpec } from "vega-lite";
import { claims } from "../claims/inception-cifar-cost.ts";
import type { FigureDefinition, Panel, PanelSize, Table } from "../figure.ts";
import { count, duration, significant } from "../format.ts";
import { imagenet, lastOf, points, secondsOf, type SolverCost, solverCosts } from "../points/inception-cifar.ts";
import { color } from "../theme.ts";

export const inceptionCifarCost: FigureDefinition = {
  id: "inception-cifar-cost",
  label: "Section 4, cost",
  title: "What probing Inception costs",
  source: "inception-cifar",
  replayLevel: "tolerance",
  caption,
  panels,
  table,
  claims,
};

function caption(result: Result): string {
  const { rows, run } = result;
  const all = points(rows);
  const checkpoints = new Set(all.map(({ step }) => step)).size;
  const [probes, activations] = [secondsOf(run, "probes"), secondsOf(run, "activations")];
  const one = rows.find((row) => row["kind"] === "solver");
  const n = (key: string): string => (typeof one?.[key] === "number" ? count(one[key]) : "?");
  return (
    `Measured here: ${duration(probes / Math.max(1, all.length))} a probe (with its path of penalties) and ` +
    `${duration((probes + activations) / Math.max(1, checkpoints))} a checkpoint of ${lastOf(all).length} taps, activations ` +
    `included, on ${run.threads} threads. Drawn and in the table: each solver from zero on one tap (${String(one?.["tap"] ?? "none")}, ` +
    `${n("rows")} × ${n("columns")} × ${n("classes")}) to a certified gap, and what the same would take on ImageNet, ` +
    `${count(imagenet.rows)} × ${count(imagenet.columns)} × ${count(imagenet.classes)} and ${imagenet.taps} taps. The model: passes × 4·n·d·k ` +
    `operations at the speed measured here. It assumes as many passes as on the small network, the same speed with a ` +
    `thousand classes, features at hand (5 GB a tap), one l2 and no warm start; certificates are in the seconds, the ` +
    `forward passes of the network are not. A solver whose budget ended first needs more than is shown: a hollow mark. ` +
    `Seconds differ from run to run and never enter rows.`
  );
}

function panels(result: Result): readonly Panel[] {
  const costs = solverCosts(result);
  const list = costs.map(({ solver, checkpointHours }) => `${solver}: ${significant(checkpointHours)} hours`);
  return [
    {
      id: "hours",
      title: `Hours for ${imagenet.taps} probes on ImageNet (log scale), by solver, reckoned`,
      share: 1,
      probes: false,
      description: `Chart of hours by solver. ${list.join("; ")}.`,
      spec: (size) => costSpec(costs, size),
    },
  ];
}

function costSpec(costs: readonly SolverCost[], { width, narrow }: PanelSize): TopLevelSpec {
  const hours = costs.map(({ checkpointHours }) => checkpointHours).filter((value) => value > 0);
  const values = costs
    .filter(({ checkpointHours }) => checkpointHours > 0)
    .map(({ solver, status, passes, checkpointHours }) => ({
      solver,
      passes,
      checkpointHours,
      reached: status === "converged",
      label: `${status === "converged" ? "" : "over "}${significant(checkpointHours)} h`,
    }));
  const x = {
    field: "checkpointHours",
    type: "quantitative" as const,
    title: "hours",
    scale: { type: "log" as const, domain: [Math.min(0.5, ...hours) / 1.5, 4 * Math.max(2, ...hours)], nice: false },
    axis: { grid: true, tickCount: narrow ? 3 : 6, format: "~g" },
  };
  const y = {
    field: "solver",
    type: "nominal" as const,
    sort: null,
    title: null,
    axis: { domain: false, ticks: false },
  };
  const tooltip = [
    { field: "solver" },
    { field: "passes", format: ".1f" },
    { field: "checkpointHours", format: ".3g" },
  ];
  const mark = { type: "point" as const, size: 70, strokeWidth: 1.5, opacity: 1, color: color("series1") };
  return {
    width,
    height: 240,
    autosize: { type: "fit", contains: "padding" },
    data: { values },
    layer: [
      {
        data: { values: [{ checkpointHours: 1 }] },
        mark: { type: "rule", strokeDash: [5, 4], color: color("target") },
        encoding: { x },
      },
      { transform: [{ filter: "datum.reached" }], mark: { ...mark, filled: true }, encoding: { x, y, tooltip } },
      {
        transform: [{ filter: "!datum.reached" }],
        mark: { ...mark, fill: color("ground") },
        encoding: { x, y, tooltip },
      },
      {
        mark: { type: "text", align: "left", dx: 10, color: color("ink") },
        encoding: { x, y, text: { field: "label" } },
      },
      {
        data: { values: [{ checkpointHours: 1, label: "a checkpoint an hour" }] },
        mark: { type: "text", align: "left", dx: 5, y: 8, color: color("target") },
        encoding: { x, text: { field: "label" } },
      },
    ],
  };
}

function table(result: Result): Table {
  return {
    columns: [
      { key: "solver", title: "solver" },
      { key: "status", title: "ended" },
      { key: "relativeGap", title: "relative gap", format: significant },
      { key: "passes", title: "passes", format: (value) => String(Number(value.toFixed(1))) },
      { key: "seconds", title: "seconds here", format: significant },
      { key: "gflops", title: "GFLOP/s here", format: significant },
      { key: "probeHours", title: "hours a probe, ImageNet", format: significant },
      { key: "checkpointHours", title: `hours for ${imagenet.taps} probes`, format: significant },
    ],
    rows: solverCosts(result),
  };
}
