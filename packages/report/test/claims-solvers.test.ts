/** @file The claims on solvers and on under-solved probes, on rows made by hand, both ways. */
import type { PeerRecord, Result } from "@linear-probes/bench";
import { expect, test } from "vitest";
import type { Claim } from "../src/claim.ts";
import { judgeClaim } from "../src/claim.ts";
import { claims as drift } from "../src/claims/fig08-input-drift.ts";
import { claims as convergence } from "../src/claims/solver-convergence.ts";
import { claims as cost } from "../src/claims/solver-cost.ts";
import { claims as times } from "../src/claims/solver-times.ts";
import { claims as undersolved } from "../src/claims/solver-undersolved.ts";
import { choices, convergence as curves, effects, undersolved as shifts } from "../src/points/solver-comparison.ts";
import { exponents } from "../src/points/cost-scaling.ts";
import { crossings } from "../src/points/undersolved-probe.ts";
import { comparisonResult, costResult, undersolvedResult } from "./fixtures/solvers.ts";

const verdicts = (claims: readonly Claim[], result: Result) => claims.map((claim) => judgeClaim(claim, result).verdict);

test("SAG beats RMSProp and not L-BFGS, where it needs three passes for one", () => {
  expect(verdicts(convergence, comparisonResult())).toEqual(["reproduced", "not reproduced"]);
});

test("a curve is the median over seeds of what is above the least objective of all, with its seconds", () => {
  const own = curves(comparisonResult()).filter(
    (point) => point.case === "toy-layer, l2 1e-4" && point.series === "sag",
  );
  expect(own.map(({ passes }) => passes)).toEqual([1, 2, 4, 8, 16, 32, 64]);
  expect(own[0]?.seconds).toBeCloseTo(0.03, 12);
  expect(own[0]?.low).toBeCloseTo(2 * 0.2 ** (1 / 3), 6);
  expect(own[0]?.high).toBeCloseTo(2.4 * 0.2 ** (1 / 3), 6);
});

test("the map names lbfgs everywhere; whitening and preconditioning divide the passes", () => {
  const result = comparisonResult();
  expect(new Set(choices(result).map(({ best }) => best))).toEqual(new Set(["lbfgs"]));
  const toy = effects(result).filter((point) => point.case === "toy-layer, l2 1e-4");
  expect(toy.map((point) => [point.series, point.without, point.with])).toEqual([
    ["lbfgs", 32, 8],
    ["sag", 16, 8],
  ]);
});

test("errors are as far off as the law of the rows says: 0.04 of the suboptimality", () => {
  const all = shifts(comparisonResult());
  expect(all.length).toBeGreaterThan(50);
  for (const { testShift, suboptimality } of all) expect(testShift).toBeCloseTo(0.04 * suboptimality, 6);
  expect(verdicts(undersolved, comparisonResult())).toEqual(["reproduced"]);
});

test("exponents are those of the law, and two decades are asked for", () => {
  const result = costResult();
  const passes = exponents(result).filter((one) => one.cost === "secondsPerPass");
  for (const { exponent } of passes) expect(exponent).toBeCloseTo(1, 10);
  expect(verdicts(cost, result)).toEqual(["reproduced"]);
  const narrow = { ...result, rows: result.rows.filter((row) => row["rows"] !== 100_000) };
  expect(verdicts(cost, narrow)).toEqual(["not judged"]);
});

test("bar 0 is passed through by one learning rate, and is not the optimum", () => {
  const result = undersolvedResult();
  expect(crossings(result.rows).map(({ batches }) => batches)).toEqual([938, 2345, 18_760, null, null, null]);
  expect(verdicts(drift, result)).toEqual(["not reproduced", "reproduced"]);
  expect(verdicts(drift, undersolvedResult(1000))).toEqual(["not judged", "not judged"]);
});

test("ratios to peers are judged where peers were run; a peer that never arrives counts by its time to 1e-3", () => {
  expect(new Set(verdicts(times, comparisonResult()))).toEqual(new Set(["not judged"]));
  const row = { problem: "mnist-pixels", l2: 1e-4, secondsLeast: 1, secondsMost: 1, cpuSeconds: 1, runs: 3 };
  const timed = (who: string, target: number, seconds: number | null) => {
    return { ...row, who, ours: who === "lbfgs", target, seconds, work: "", reason: "", suboptimality: target };
  };
  const peers: PeerRecord = {
    threads: 2,
    limitSeconds: 100,
    versions: { sklearn: "1.2.1" },
    machine: { cpu: "Invented CPU" },
    rows: [timed("lbfgs", 1e-6, 2), timed("newton-cg", 1e-6, null), timed("newton-cg", 1e-3, 50)],
  };
  const [first, ...others] = times.map((claim) => judgeClaim(claim, { ...comparisonResult(), peers }));
  expect(first?.verdict).toBe("reproduced");
  expect(first?.findings[0]?.measured).toBe("25 ×: 2 s against 50 s, which it needs for 0.001 alone");
  expect(new Set(others.map(({ verdict }) => verdict))).toEqual(new Set(["not judged"]));
});
