/** @file The claims of the depth sweep on rows made by hand, both ways. */
import type { Result } from "@linear-probes/bench";
import type { Row } from "@linear-probes/core";
import { expect, test } from "vitest";
import { judgeClaim } from "../src/claim.ts";
import { claims } from "../src/claims/depth-sweep.ts";
import { depthSweepResult } from "./fixtures/depth-sweep.ts";

const verdicts = (result: Result) => claims.map((claim) => judgeClaim(claim, result).verdict);
const changed = (change: (row: Row) => Partial<Row>): Result => {
  const result = depthSweepResult();
  return { ...result, rows: result.rows.map((row) => Object.assign({}, row, change(row))) };
};

test("plain networks break down at 64 layers, networks with auxiliary losses at none", () => {
  expect(verdicts(depthSweepResult())).toEqual(["reproduced", "reproduced"]);
});

test("one plain network that trains at every depth, or one at 32 layers that does not, refutes", () => {
  const all = changed((row) => (row["variant"] === "plain" && row["replica"] === 1 ? { trainError: 0.4 } : {}));
  expect(verdicts(all)[0]).toBe("not reproduced");
  const early = changed((row) => (row["variant"] === "plain" && row["depth"] === 32 ? { trainError: 0.89 } : {}));
  expect(verdicts(early)[0]).toBe("not reproduced");
  const helpless = changed((row) =>
    row["variant"] === "auxiliary" && row["depth"] === 128 ? { trainError: 0.8 } : {},
  );
  expect(verdicts(helpless)[1]).toBe("not reproduced");
});

test("too few depths decide nothing", () => {
  expect(verdicts(depthSweepResult([16, 32]))).toEqual(["not judged", "not judged"]);
});
