/** @file The claims about Inception on rows made by hand, both ways, and the cost model in numbers. */
import type { Result } from "@linear-probes/bench";
import type { Row } from "@linear-probes/core";
import { expect, test } from "vitest";
import { judgeClaim } from "../src/claim.ts";
import { claims } from "../src/claims/inception-cifar.ts";
import { claims as costClaims } from "../src/claims/inception-cifar-cost.ts";
import { solverCosts } from "../src/points/inception-cifar.ts";
import { inceptionCifarResult } from "./fixtures/inception-cifar.ts";

const verdicts = (result: Result) => [...claims, ...costClaims].map((claim) => judgeClaim(claim, result).verdict);
const changed = (change: (row: Row) => Partial<Row>): Result => {
  const result = inceptionCifarResult();
  return { ...result, rows: result.rows.map((row) => Object.assign({}, row, change(row))) };
};

test("errors that fall, an auxiliary head just ahead, and hours of probing", () => {
  expect(verdicts(inceptionCifarResult())).toEqual(["reproduced", "reproduced", "reproduced"]);
});

test("one block that errs more than the one before refutes; taps within blocks and earlier steps do not", () => {
  const worse = (tap: string, step: number) =>
    changed((row) => (row["kind"] === "probe" && row["tap"] === tap && row["step"] === step ? { testError: 0.7 } : {}));
  expect(verdicts(worse("mixed_8c", 4744))[0]).toBe("not reproduced");
  expect(verdicts(worse("stem2_preact", 4744))[0]).toBe("reproduced");
  expect(verdicts(worse("mixed_8c", 593))[0]).toBe("reproduced");
});

test("a main head ahead refutes, and so does an auxiliary head that is far ahead", () => {
  const main = (testError: number) =>
    changed((row) => (row["kind"] === "model" && row["branch"] === "main" ? { testError } : {}));
  expect(verdicts(main(0.2))[1]).toBe("not reproduced");
  expect(verdicts(main(0.4))[1]).toBe("not reproduced");
});

test("drawn shapes and short profiles decide nothing", () => {
  const result = inceptionCifarResult();
  const dataset = { ...result.run.dataset, synthetic: true };
  expect(verdicts({ ...result, run: { ...result.run, dataset } }).slice(0, 2)).toEqual(["not judged", "not judged"]);
  expect(verdicts({ ...result, run: { ...result.run, profile: "smoke" } })).toEqual(Array(3).fill("not judged"));
});

test("cost: passes × 4·n·d·k operations at the measured speed, and hours in proportion", () => {
  const lbfgs = solverCosts(inceptionCifarResult())[0];
  // 40 passes of 4 · 10,000 · 384 · 10 operations in 0.4 s.
  expect(lbfgs?.gflops).toBeCloseTo((40 * 4 * 10_000 * 384 * 10) / 0.4 / 1e9, 10);
  // 128 × the rows, 1000/384 × the columns, 100 × the classes.
  expect(lbfgs?.probeHours).toBeCloseTo((0.4 * 128 * (1000 / 384) * 100) / 3600, 10);
  expect(lbfgs?.checkpointHours).toBeCloseTo(20 * (lbfgs?.probeHours ?? 0), 10);
});
