import { createWasmRuntime, rootStream } from "@linear-probes/core";
import { describe, expect, it } from "vitest";
import { compareProblem, type ComparisonPlan } from "../../src/compare/compare-problem.ts";
import type { PointRow } from "../../src/compare/comparison-rows.ts";
import { drawSynthetic } from "../../src/compare/parts/synthetic.ts";
import type { CompareProblem } from "../../src/compare/problem.ts";
import { descent } from "./descent.ts";

const runtime = await createWasmRuntime({ threads: 1 });
const problem: CompareProblem = {
  name: "small",
  about: "drawn",
  scaling: "none",
  l2: [0.1],
  load: async (context) => drawSynthetic({ rows: 300, cols: 6, classes: 3, condition: 10, labels: "sampled" }, context),
};
const budgets = { passes: 40, seconds: Infinity, relativeGap: 1e-9 };
const plan: ComparisonPlan = {
  problem,
  l2: [0.1, 0.01],
  contestants: [
    { name: "descent", solver: descent(1), stochastic: false },
    { name: "slow", solver: descent(0.5), stochastic: true },
  ],
  seeds: [1, 2],
  budgets,
};

/** A clock that is one second later whenever it is read. */
function tickingClock() {
  let now = 0;
  return { wall: () => (now += 1), cpu: () => 0 };
}

async function run(changes: Partial<ComparisonPlan> = {}, clock = tickingClock()) {
  const context = { runtime, stream: rootStream("test"), dataDir: undefined, log: () => {}, clock };
  return compareProblem({ ...plan, ...changes }, context);
}

const points = (rows: readonly { kind: string }[]): PointRow[] =>
  rows.filter((row): row is PointRow => row.kind === "point");

describe("compareProblem", () => {
  it("runs stochastic solvers from every seed, the others once, and repeats bit for bit", async () => {
    const [first, second] = [await run(), await run()];
    const ends = first.rows.filter((row) => row.kind === "end");
    expect(ends.map(({ l2, solver, seed }) => [l2, solver, seed])).toEqual([
      [0.1, "descent", 1],
      [0.1, "slow", 1],
      [0.1, "slow", 2],
      [0.01, "descent", 1],
      [0.01, "slow", 1],
      [0.01, "slow", 2],
    ]);
    expect(second.rows).toEqual(first.rows);
  });

  it("records certified points a factor of 1.25 of passes apart, from the first iterate to the last", async () => {
    const { rows } = await run({
      l2: [0.01],
      contestants: [{ name: "descent", solver: descent(1), stochastic: false }],
    });
    const passes = points(rows).map((point) => point.passes);
    expect(passes).toEqual([1, 2, 3, 4, 5, 7, 9, 12, 15, 19, 24, 30, 38, 40]);
    expect(rows.at(-1)).toMatchObject({ kind: "end", status: "pass-budget", passes: 40, steps: 39 });
    const [first] = points(rows);
    expect(first?.objective).toBeCloseTo(Math.log(3), 12); // at θ = 0
    for (const { objective, gapNats } of points(rows)) {
      const best = points(rows).at(-1)?.objective ?? Number.NaN;
      expect(objective - (gapNats ?? Infinity)).toBeLessThanOrEqual(best);
    }
  });

  it("times init and steps, and neither certificates nor evaluations", async () => {
    const { timings, rows } = await run({
      l2: [0.01],
      contestants: [{ name: "descent", solver: descent(1), stochastic: false }],
    });
    // The clock moves by one within each timed piece of work: one for init, one for each step.
    expect(timings.map(({ step, seconds }) => seconds - step)).toEqual(timings.map(() => 1));
    expect(timings.map(({ step }) => step)).toEqual(points(rows).map(({ step }) => step));
  });

  it("ends a run whose seconds are used up, and says so", async () => {
    const { rows } = await run({ budgets: { ...budgets, seconds: 5 } });
    expect(rows.at(-1)).toMatchObject({ kind: "end", status: "time-budget", steps: 4 });
  });

  it("makes an unavailable problem a row with its reason", async () => {
    const unavailable = { ...problem, load: async () => ({ unavailable: "no such file" }) };
    const { rows } = await run({ problem: unavailable });
    expect(rows).toEqual([{ kind: "unavailable", problem: "small", reason: "no such file" }]);
  });
});
