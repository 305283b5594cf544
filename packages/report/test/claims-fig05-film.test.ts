/** @file The checks of figure 5's film hold on sound rows, and each can fail. */
import type { Result } from "@linear-probes/bench";
import type { Row } from "@linear-probes/core";
import { expect, test } from "vitest";
import { judgeClaim } from "../src/claim.ts";
import { claims } from "../src/claims/fig05-film.ts";
import { crossings, frames } from "../src/points/fig05-film.ts";
import { fig05FilmResult } from "./fixtures/fig05-film.ts";

const verdicts = (result: Result) => claims.map((claim) => judgeClaim(claim, result).verdict);
const changed = (change: (row: Row) => Partial<Row>): Result => {
  const result = fig05FilmResult();
  return { ...result, rows: result.rows.map((row) => Object.assign({}, row, change(row))) };
};

test("sound rows pass, a moving input and a probe worse than the majority do not", () => {
  expect(verdicts(fig05FilmResult())).toEqual(["reproduced", "reproduced", "reproduced"]);
  const moving = changed((row) => (row["depth"] === 0 && row["step"] === 100 ? { testError: 0.08 } : {}));
  expect(verdicts(moving)).toEqual(["not reproduced", "reproduced", "reproduced"]);
  const worse = changed((row) => (row["tap"] === "logits" && row["step"] === 0 ? { testError: 0.93 } : {}));
  expect(verdicts(worse)).toEqual(["reproduced", "not reproduced", "reproduced"]);
});

test("a loss may fall across the affine layer by the penalty and the gap, and no further", () => {
  const falling = (by: number) =>
    changed((row) => (row["tap"] === "logits" && row["step"] === 10 ? { trainLoss: 0.05 - by } : {}));
  expect(verdicts(falling(0.002))[2]).toBe("reproduced");
  expect(verdicts(falling(0.0022))[2]).toBe("not reproduced");
});

test("crossings: the first frame in which a tap is good enough, and no tap that never is", () => {
  const crossed = crossings(frames(fig05FilmResult().rows), 0.02);
  expect(crossed.map(({ tap, step }) => [tap, step])).toContainEqual(["conv2_postpool", 1]);
  expect(crossed.map(({ tap }) => tap)).not.toContain("input");
});
