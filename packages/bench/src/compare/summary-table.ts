/** @file The summary of a comparison as text: time to each target, and which solver was the quickest where. */
import { textTable } from "../table.ts";
import type { ComparisonRow, TimingRow } from "./comparison-rows.ts";
import { findOptima, timeToTargets } from "./summarize.ts";
import { whichSolver } from "./which-solver.ts";

const TARGETS = [1e-3, 1e-6]; // relative suboptimality

export function summaryTable(rows: readonly ComparisonRow[], timings: readonly TimingRow[]): string[] {
  const points = rows.filter((row) => row.kind === "point");
  const ends = rows.filter((row) => row.kind === "end");
  const problems = rows.filter((row) => row.kind === "problem");
  const times = timeToTargets(points, ends, timings, TARGETS);
  const timeLines = textTable(
    ["problem", "l2", "solver", "to", "passes", "seconds", "seeds", "otherwise"],
    times.map(({ problem, l2, solver, target, passes, seconds, reached, seeds, ends }) => [
      problem,
      l2,
      solver,
      target,
      shown(passes),
      shown(seconds),
      `${reached}/${seeds}`,
      ends,
    ]),
  );
  const choiceLines = textTable(
    ["problem", "l2", "n", "d", "k", "condition", "to", "quickest", "seconds", "next", "ratio"],
    whichSolver(problems, times, "seconds").map((choice) => [
      choice.problem,
      choice.l2,
      choice.rows,
      choice.cols,
      choice.classes,
      choice.condition.toExponential(0),
      choice.target,
      choice.best,
      shown(choice.cost),
      choice.second ?? "",
      choice.lead === null ? "" : choice.lead.toPrecision(2),
    ]),
  );
  const uncertain = findOptima(points)
    .filter(({ relativeUncertainty }) => !(relativeUncertainty <= Math.min(...TARGETS) / 2))
    .map(({ problem, l2, relativeUncertainty }) => {
      const known = relativeUncertainty.toExponential(1);
      return `${problem}, l2 ${l2}: its optimum is known to ${known} only, so that finer targets are not judged`;
    });
  const unsupported = ends
    .filter(({ status }) => status === "unsupported")
    .map(({ problem, l2, solver, reason }) => `${problem}, l2 ${l2}, ${solver}: unsupported, ${reason}`);
  const unavailable = rows
    .filter((row) => row.kind === "unavailable")
    .map(({ problem, reason }) => `${problem}: unavailable, ${reason}`);
  return [...timeLines, "", ...choiceLines, "", ...uncertain, ...unsupported, ...unavailable];
}

function shown(value: number | null): string {
  return value === null ? "–" : value.toPrecision(3);
}
