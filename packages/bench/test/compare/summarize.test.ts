import { describe, expect, it } from "vitest";
import type { EndRow, PointRow, ProblemRow } from "../../src/compare/comparison-rows.ts";
import { fitPower } from "../../src/compare/fit-power.ts";
import { findOptima, timeToTargets } from "../../src/compare/summarize.ts";
import { whichSolver } from "../../src/compare/which-solver.ts";

const cells = { problem: "p", l2: 0.1, seed: 1 };
const point = (solver: string, seed: number, passes: number, objective: number, gapNats: number): PointRow => ({
  ...cells,
  solver,
  seed,
  kind: "point",
  step: passes,
  passes,
  rowGradients: 10 * passes,
  objective,
  gapNats,
  relativeGap: null,
  trainError: 0,
  testError: 0,
});
const end = (solver: string, seed: number, status: EndRow["status"]): EndRow => ({
  ...cells,
  solver,
  seed,
  kind: "end",
  status,
  reason: "",
  steps: 1,
  passes: 1,
  certificatePasses: 1,
  settings: "{}",
});

/** F* = 2 within 2e-8: "exact" gets to 1e-3 at 4 passes and to 1e-6 at 8; "noisy" to 1e-3 from two of three seeds. */
const points = [
  point("exact", 1, 1, 2.5, 1),
  point("exact", 1, 4, 2.0019, 0.01),
  point("exact", 1, 8, 2, 4e-8),
  ...[1, 2, 3].map((seed) => point("noisy", seed, 2 * seed, seed === 3 ? 2.5 : 2.001, 0.6)),
];
const ends = [end("exact", 1, "converged"), ...[1, 2, 3].map((seed) => end("noisy", seed, "pass-budget"))];
const timings = points.map(({ problem, l2, solver, seed, step }) => {
  const run = { problem, l2, solver, seed };
  return { ...run, step, seconds: step / 100, cpuSeconds: step / 50 };
});

describe("a comparison's summary", () => {
  it("brackets F* by the least objective and the greatest dual value of all runs", () => {
    expect(findOptima(points)).toEqual([
      { problem: "p", l2: 0.1, objective: 2, relativeUncertainty: expect.closeTo(2e-8, 15) },
    ]);
  });

  const times = timeToTargets(points, ends, timings, [1e-3, 1e-6]);
  it("takes medians over seeds, those that did not arrive counting as never", () => {
    expect(times).toMatchObject([
      { solver: "exact", target: 1e-3, seeds: 1, reached: 1, passes: 4, seconds: 0.04 },
      { solver: "exact", target: 1e-6, seeds: 1, reached: 1, passes: 8, seconds: 0.08 },
      { solver: "noisy", target: 1e-3, seeds: 3, reached: 2, passes: 4, seconds: 0.04, ends: "pass-budget" },
      { solver: "noisy", target: 1e-6, seeds: 3, reached: 0, passes: null, seconds: null, ends: "pass-budget" },
    ]);
  });

  it("judges no target finer than the optimum is known", () => {
    expect(timeToTargets(points, ends, timings, [1e-8])).toEqual([]);
  });

  it("names the quickest solver and its lead", () => {
    const problem: ProblemRow = {
      kind: "problem",
      problem: "p",
      about: "",
      dataset: "",
      datasetSha256: "",
      synthetic: false,
      scaling: "none",
      rows: 10,
      cols: 3,
      classes: 2,
      varianceMost: 10,
      varianceLeast: 0,
    };
    const facts = { problem: "p", l2: 0.1, rows: 10, cols: 3, classes: 2, condition: expect.closeTo(51, 10) };
    expect(whichSolver([problem], times, "passes")).toEqual([
      { ...facts, target: 1e-3, best: "exact", cost: 4, second: "noisy", lead: 1 },
      { ...facts, target: 1e-6, best: "exact", cost: 8, second: null, lead: null },
    ]);
  });
});

describe("fitPower", () => {
  it("recovers a power law, and says how far points are from one", () => {
    const law = [1, 10, 100, 1000].map((x) => ({ x, y: 3 * x ** 1.5 }));
    const fit = fitPower(law);
    expect(fit.exponent).toBeCloseTo(1.5, 12);
    expect(fit.constant).toBeCloseTo(3, 10);
    expect(fit.worstDecades).toBeLessThan(1e-12);
    expect(fitPower([...law, { x: 10, y: 30 * 10 ** 1.5 }]).worstDecades).toBeGreaterThan(0.5);
  });
  it("refuses points without a slope", () => {
    expect(() => fitPower([{ x: 2, y: 1 }])).toThrow("at least two points");
    expect(() =>
      fitPower([
        { x: 2, y: 1 },
        { x: 2, y: 3 },
      ]),
    ).toThrow("must differ in x");
    expect(() =>
      fitPower([
        { x: 2, y: 1 },
        { x: 0, y: 3 },
      ]),
    ).toThrow("must be positive");
  });
});
