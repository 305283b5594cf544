/**
 * @file What it takes to reach a relative suboptimality of 1e-3 and of 1e-6: seconds and passes of every solver on every
 * problem, with ratios to the best of scikit-learn, PyTorch and liblinear where these have been run.
 */
import { peerVerdicts, type Result } from "@linear-probes/bench";
import type { TopLevelSpec } from "vega-lite";
import { claims } from "../claims/solver-times.ts";
import type { FigureDefinition, Panel, PanelSize, Table } from "../figure.ts";
import { significant } from "../format.ts";
import { caseName, comparison, isShape, series, targets, times } from "../points/solver-comparison.ts";
import { type Encoding, seriesLayers } from "../series.ts";
import { caseAxis, describeComparison, logAxis } from "../solver-chart.ts";

export const solverTimes: FigureDefinition = {
  id: "solver-times",
  label: "Solvers 2",
  title: "What an accuracy costs",
  source: "solver-comparison",
  replayLevel: "bitwise-one-machine",
  caption,
  panels,
  table,
  claims,
};

function caption(result: Result): string {
  const { peers } = result;
  const words =
    peers === undefined
      ? "Peers were not run on this machine: npm run bench:peers does, and the table then has their times."
      : `Peers were run by npm run bench:peers on ${peers.machine.cpu}, ${peers.threads} threads each, at most ` +
        `${peers.limitSeconds} s a fit (${Object.entries(peers.versions)
          .filter(([name]) => ["sklearn", "torch", "numpy"].includes(name))
          .map(([name, version]) => `${name} ${version}`)
          .join(
            ", ",
          )}); their problems are the same at full size, and there ours is timed whole, with set-up and certificates.`;
  return (
    `Seconds of the solver alone, medians over seeds, to the first recorded point at or below a relative suboptimality ` +
    `of 1e-3 and of 1e-6; points are recorded a quarter apart in passes, so that a time may be a quarter too long. A ` +
    `solver without a mark did not arrive within its budget of passes; the table says how it ended. ${words}` +
    describeComparison(result)
  );
}

interface TimePoint {
  readonly case: string;
  readonly series: string;
  readonly seconds: number;
  readonly passes: number;
  readonly target: number;
}

function timePoints(result: Result, target: number): readonly TimePoint[] {
  return times(result).flatMap((time) => {
    const label = series.find(({ key }) => key === time.solver)?.label;
    if (label === undefined || time.target !== target || isShape(time.problem)) return [];
    if (time.seconds === null || time.passes === null) return [];
    return [{ case: caseName(time), series: label, seconds: time.seconds, passes: time.passes, target }];
  });
}

function panels(result: Result): readonly Panel[] {
  return targets.map((target) => {
    const own = timePoints(result, target);
    const best = [...Map.groupBy(own, (point) => point.case)].map(([name, group]) => {
      const first = group.toSorted((a, b) => a.seconds - b.seconds)[0];
      return `${name}: ${first?.series ?? "none"} in ${significant(first?.seconds ?? Number.NaN)} s`;
    });
    return {
      id: `to-${target.toExponential(0)}`,
      title: `Seconds to a relative suboptimality of ${target.toExponential(0)}`,
      share: 1,
      probes: false,
      description: `Dot plot, one line per problem and penalty, seconds on a logarithmic axis. Quickest: ${best.join("; ")}.`,
      spec: (size: PanelSize) => timeSpec(own, size, `times_${Math.round(-Math.log10(target))}`),
    };
  });
}

function timeSpec(data: readonly TimePoint[], { width, narrow }: PanelSize, param: string): TopLevelSpec {
  const cases = [...new Set(data.map((point) => point.case))];
  const used = series.filter(({ label }) => data.some((point) => point.series === label));
  const x = logAxis(
    "seconds",
    "seconds of the solver",
    data.map(({ seconds }) => seconds),
    { room: narrow ? 4 : 8 },
  );
  const y: NonNullable<Encoding["y"]> = {
    field: "case",
    type: "nominal",
    title: null,
    sort: cases,
    axis: caseAxis(narrow, 280),
  };
  const [, filled] = seriesLayers(
    used,
    { x, y },
    {
      param,
      markerSize: narrow ? 36 : 60,
      legendColumns: narrow ? 1 : 8, // two do not fit beside the names
      tooltip: [
        { field: "case", title: "problem" },
        { field: "series", title: "solver" },
        { field: "seconds", format: ".3~g" },
        { field: "passes", format: ".4~g" },
      ],
    },
  );
  return {
    width,
    height: (narrow ? 200 : 80) + (narrow ? 28 : 26) * Math.max(1, cases.length),
    autosize: { type: "fit", contains: "padding" },
    data: { values: data.map((point) => ({ ...point, certified: true })) },
    layer: filled === undefined ? [] : [filled],
  };
}

function table(result: Result): Table {
  const { problems } = comparison(result);
  const all = times(result);
  const verdicts = result.peers === undefined ? [] : peerVerdicts(result.peers.rows);
  return {
    columns: [
      { key: "problem", title: "problem" },
      { key: "l2", title: "l2", format: significant },
      { key: "rows", title: "n" },
      { key: "cols", title: "d" },
      { key: "classes", title: "k" },
      { key: "target", title: "to", format: significant },
      { key: "solver", title: "solver" },
      { key: "passes", title: "passes", format: significant },
      { key: "seconds", title: "seconds", format: significant },
      { key: "ratio", title: "× quickest", format: significant },
      { key: "reached", title: "seeds there" },
      { key: "ends", title: "the others ended by" },
      { key: "peer", title: "best peer, and × our quickest" },
    ],
    rows: all
      .filter(({ problem }) => !isShape(problem))
      .map((time) => {
        const { problem, l2, target, solver, passes, seconds, reached, seeds, ends } = time;
        const facts = problems.find((row) => row.problem === problem);
        const rivals = all.filter((one) => one.problem === problem && one.l2 === l2 && one.target === target);
        const quickest = Math.min(...rivals.map((one) => one.seconds ?? Infinity));
        const verdict = verdicts.find((one) => one.problem === problem && one.l2 === l2 && one.target === target);
        return {
          problem,
          l2,
          rows: facts?.rows ?? null,
          cols: facts?.cols ?? null,
          classes: facts?.classes ?? null,
          target,
          solver,
          passes,
          seconds,
          ratio: seconds === null ? null : seconds / quickest,
          reached: `${reached} of ${seeds}`,
          ends,
          peer: peerWords(result, verdict),
        };
      }),
  };
}

function peerWords(result: Result, verdict: ReturnType<typeof peerVerdicts>[number] | undefined): string {
  if (result.peers === undefined) return "peers not run";
  if (verdict === undefined) return "not met here";
  if (verdict.ratio === null) return "no peer arrived";
  const bound = verdict.peerTarget === verdict.target ? "" : `more than, by its time to ${verdict.peerTarget}: `;
  return `${verdict.peer}, ${significant(verdict.peerSeconds ?? Number.NaN)} s; ${bound}${significant(verdict.ratio)} ×`;
}
