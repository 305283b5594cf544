/** @file The claims of figure 1 on rows made by hand, both ways. */
import type { Result } from "@linear-probes/bench";
import { expect, test } from "vitest";
import { judgeClaim } from "../src/claim.ts";
import { claims } from "../src/claims/fig01-bytes-and-pixels.ts";
import { fig01Result } from "./fixtures/fig01.ts";

const verdicts = (result: Result) => claims.map((claim) => judgeClaim(claim, result).verdict);
const changed = (encoding: string, cells: Record<string, number | boolean>): Result => {
  const result = fig01Result();
  const rows = result.rows.map((row) => (row["encoding"] === encoding ? { ...row, ...cells } : row));
  return { ...result, rows };
};

test("bits stay, readability goes", () => {
  expect(verdicts(fig01Result())).toEqual(["not reproduced", "reproduced", "reproduced", "reproduced"]);
});

test("a picture that misses a byte holds less", () => {
  const result = fig01Result();
  const rows = result.rows.map((row) => (row["x"] === 3 && row["y"] === 5 ? { ...row, value: 1 } : row));
  expect(verdicts({ ...result, rows })[0]).toBe("reproduced");
});

test("a lossy encoding, a readable mixture, a probe that minds the order: each is told", () => {
  expect(verdicts(changed("feistel-16", { decodesExactly: false }))[1]).toBe("not reproduced");
  expect(verdicts(changed("feistel-16", { testError: 0.84 }))[2]).toBe("not reproduced");
  expect(verdicts(changed("permutation", { trainError: 0.2 }))[3]).toBe("not reproduced");
});
