/** @file The points of the figures on solvers: suboptimality along runs, costs to a target, and what makes them differ. */
import {
  type Choice,
  type Comparison,
  comparisonOf,
  findOptima,
  type PointRow,
  type Result,
  type TimeToTarget,
  timeToTargets,
  whichSolver,
} from "@linear-probes/bench";
import type { Row } from "@linear-probes/core";
import type { Series } from "../series.ts";
import { quantile } from "../statistics.ts";

/** Solvers in the settings they are best known for; "plain" and "whitened" ones are compared apart. */
export const series: readonly Series[] = [
  { key: "lbfgs", label: "lbfgs", color: "series1", shape: "circle", dash: [1, 0] },
  { key: "newton-cg", label: "newton-cg", color: "series2", shape: "square", dash: [6, 3] },
  { key: "newton-cholesky", label: "newton-cholesky", color: "series3", shape: "triangle-up", dash: [2, 2] },
  { key: "gradient-descent", label: "gradient-descent", color: "soft", shape: "diamond", dash: [8, 2, 2, 2] },
  { key: "sag", label: "sag", color: "series4", shape: "circle", dash: [4, 2] },
  { key: "saga", label: "saga", color: "series5", shape: "square", dash: [1, 3] },
  { key: "svrg", label: "svrg", color: "series6", shape: "triangle-up", dash: [1, 0] },
  { key: "rmsprop", label: "rmsprop", color: "mixed", shape: "diamond", dash: [10, 3] },
];

export const targets = [1e-3, 1e-6] as const; // relative suboptimality

const parsed = new WeakMap<Result, Comparison>();

/** The result's rows by kind; parsed once. */
export function comparison(result: Result): Comparison {
  const known = parsed.get(result) ?? comparisonOf(result.rows, result.seconds);
  parsed.set(result, known);
  return known;
}

/** "problem, l2 1e-4". */
export function caseName({ problem, l2 }: { readonly problem: string; readonly l2: number }): string {
  return `${problem}, l2 ${l2.toExponential(0)}`;
}

export function isShape(problem: string): boolean {
  return problem.startsWith("grid-");
}

export interface ConvergencePoint extends Row {
  readonly case: string;
  readonly series: string; // label
  readonly step: number;
  readonly passes: number; // median over seeds, as all of these
  readonly seconds: number | null; // of the solver alone; null where none were kept
  readonly suboptimality: number; // (F - F*)/F*
  readonly low: number; // least
  readonly high: number; // greatest
  readonly seeds: number;
}

/** Below this, what is left of F - F* is the arithmetic's. */
const FLOOR = 1e-8;

/** Suboptimality along the runs of `series`, down to what is known of the optimum. */
export function convergence(result: Result): readonly ConvergencePoint[] {
  const { points, timings } = comparison(result);
  const seconds = new Map(timings.map((timing) => [pointKey(timing), timing.seconds]));
  const optima = new Map(findOptima(points).map((optimum) => [caseName(optimum), optimum]));
  const groups = Map.groupBy(points, (point) => `${caseName(point)} ${point.solver} ${point.step}`);
  const counts = Map.groupBy(points, (point) => `${caseName(point)} ${point.solver}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const label = series.find(({ key }) => key === first?.solver)?.label;
    const optimum = first && optima.get(caseName(first));
    if (first === undefined || label === undefined || optimum === undefined) return [];
    const seeds = new Set(counts.get(`${caseName(first)} ${first.solver}`)?.map(({ seed }) => seed)).size;
    if (group.length < seeds) return []; // some seeds have ended: the rest is another average
    const floor = Math.max(FLOOR, optimum.relativeUncertainty);
    const gaps = group.map(({ objective }) => Math.max(floor, objective / optimum.objective - 1));
    const times = group.flatMap((point) => seconds.get(pointKey(point)) ?? []);
    return [
      {
        case: caseName(first),
        series: label,
        step: first.step,
        passes: quantile(
          group.map(({ passes }) => passes),
          0.5,
        ),
        seconds: times.length < group.length ? null : quantile(times, 0.5),
        suboptimality: quantile(gaps, 0.5),
        low: Math.min(...gaps),
        high: Math.max(...gaps),
        seeds,
      },
    ];
  });
}

function pointKey({ problem, l2, solver, seed, step }: Pick<PointRow, "problem" | "l2" | "solver" | "seed" | "step">) {
  return `${problem} ${l2} ${solver} ${seed} ${step}`;
}

/** Passes and seconds of every solver to both targets. */
export function times(result: Result): readonly TimeToTarget[] {
  const { points, ends, timings } = comparison(result);
  return timeToTargets(points, ends, timings, targets);
}

/** The quickest solver of every problem, penalty and target: by seconds where they are known, else by passes. */
export function choices(result: Result): readonly Choice[] {
  const { problems, timings } = comparison(result);
  return whichSolver(problems, times(result), timings.length > 0 ? "seconds" : "passes");
}

/** What a change of variables does: the same solver without and with it. */
const pairs = [
  { series: "lbfgs", without: "lbfgs plain", with: "lbfgs" },
  { series: "newton-cg", without: "newton-cg plain", with: "newton-cg" },
  { series: "sag", without: "sag", with: "sag whitened" },
  { series: "saga", without: "saga", with: "saga whitened" },
  { series: "svrg", without: "svrg", with: "svrg whitened" },
  { series: "rmsprop", without: "rmsprop", with: "rmsprop whitened" },
] as const;

export interface EffectPoint extends Row {
  readonly panel: "preconditioning" | "scaling";
  readonly case: string; // what is on the vertical axis
  readonly series: string;
  readonly target: number;
  /** Passes to the target; null: not reached within the budget. */
  readonly without: number | null;
  readonly with: number | null;
}

/** The effect of preconditioning (or whitening) on each problem, and of standardising the same layer. */
export function effects(result: Result): readonly EffectPoint[] {
  const all = times(result).filter(({ problem, target }) => !isShape(problem) && target === 1e-3);
  const find = (problem: string, l2: number, solver: string) =>
    all.find((time) => time.problem === problem && time.l2 === l2 && time.solver === solver);
  const cases = [...new Map(all.map((time) => [caseName(time), time])).values()];
  const preconditioning = cases.flatMap(({ problem, l2, target }) =>
    pairs.flatMap((pair) => {
      const [without, preconditioned] = [find(problem, l2, pair.without), find(problem, l2, pair.with)];
      if (without === undefined || preconditioned === undefined) return [];
      if (without.passes === null && preconditioned.passes === null) return [];
      return [
        {
          panel: "preconditioning" as const,
          case: caseName({ problem, l2 }),
          series: pair.series,
          target,
          without: without.passes,
          with: preconditioned.passes,
        },
      ];
    }),
  );
  const scaling = all
    .filter(({ problem }) => problem === "untrained-layer")
    .flatMap(({ l2, solver, target, passes }) => {
      const scaled = find("untrained-layer-standardized", l2, solver);
      if (scaled === undefined || (passes === null && scaled.passes === null)) return [];
      const base = series.find(({ key }) => key === solver.split(" ")[0]);
      if (base === undefined) return [];
      return [
        {
          panel: "scaling" as const,
          case: `${solver}, l2 ${l2.toExponential(0)}`,
          series: base.label,
          target,
          without: passes,
          with: scaled.passes,
        },
      ];
    });
  return [...preconditioning, ...scaling];
}

export interface UndersolvedPoint extends Row {
  readonly case: string;
  readonly series: string;
  readonly suboptimality: number; // (F - F*)/F*
  readonly relativeGap: number | null; // certified, a bound of it; null where the bound says nothing
  readonly testShift: number; // |test error - that of the best probe of the same objective|
  readonly trainShift: number;
}

/** Objectives whose optimum is known less well than this are left out. */
const KNOWN = 1e-4;

/** How far the errors of every recorded probe are from those of the best probe of the same objective. */
export function undersolved(result: Result): readonly UndersolvedPoint[] {
  const { points } = comparison(result);
  const known = findOptima(points).filter(({ relativeUncertainty }) => relativeUncertainty <= KNOWN);
  const groups = Map.groupBy(points, caseName);
  return known.flatMap((optimum) => {
    const group = isShape(optimum.problem) ? [] : (groups.get(caseName(optimum)) ?? []);
    const best = group.find(({ objective }) => objective === optimum.objective);
    if (best === undefined) return [];
    return group.flatMap((point) => {
      const base = series.find(({ key }) => key === point.solver.split(" ")[0]);
      const suboptimality = point.objective / best.objective - 1;
      if (base === undefined || !(suboptimality > optimum.relativeUncertainty)) return [];
      return [
        {
          case: caseName(point),
          series: base.label,
          suboptimality,
          relativeGap: point.relativeGap,
          testShift: Math.abs(point.testError - best.testError),
          trainShift: Math.abs(point.trainError - best.trainError),
        },
      ];
    });
  });
}

export interface ShiftQuantiles extends Row {
  readonly suboptimality: number; // geometric middle of half a decade
  readonly median: number; // of |Δ test error|
  readonly high: number; // 95 % quantile
  readonly most: number;
  readonly probes: number;
}

/** The shifts of the test error, by half decades of suboptimality. */
export function shiftsBySuboptimality(points: readonly UndersolvedPoint[]): readonly ShiftQuantiles[] {
  const bins = Map.groupBy(points, ({ suboptimality }) => Math.floor(2 * Math.log10(suboptimality)));
  return [...bins]
    .toSorted(([a], [b]) => a - b)
    .map(([bin, group]) => {
      const shifts = group.map(({ testShift }) => testShift);
      return {
        suboptimality: 10 ** (bin / 2 + 0.25),
        median: quantile(shifts, 0.5),
        high: quantile(shifts, 0.95),
        most: Math.max(...shifts),
        probes: group.length,
      };
    });
}
