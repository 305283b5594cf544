/** @file The claims of section 2 on rows made by hand, both ways. */
import type { Result } from "@linear-probes/bench";
import { expect, test } from "vitest";
import { judgeClaim } from "../src/claim.ts";
import { claims } from "../src/claims/sec2-entropy-chain.ts";
import { sec2Result } from "./fixtures/sec2.ts";

const verdicts = (result: Result) => claims.map((claim) => judgeClaim(claim, result).verdict);
const changed = (family: string, change: (layer: number) => Record<string, number>): Result => {
  const result = sec2Result();
  const rows = result.rows.map((row) => (row["family"] === family ? { ...row, ...change(Number(row["layer"])) } : row));
  return { ...result, rows };
};

test("the proposition holds on the chains, and not across the skip", () => {
  expect(verdicts(sec2Result())).toEqual(["reproduced", "reproduced", "reproduced", "reproduced"]);
});

test("one fall of the entropy along one family is told", () => {
  const fall = changed("merging", (layer) => (layer === 4 ? { conditionalEntropyBits: 0.5 } : {}));
  const judged = judgeClaim(claims[0]!, fall);
  expect(judged.findings.map(({ holds }) => holds)).toEqual([true, false, true]);
});

test("a level entropy does not settle the direction; probes that only get worse refute the third claim", () => {
  expect(verdicts(changed("noisy", () => ({ conditionalEntropyBits: 0.5 })))[1]).toBe("not reproduced");
  const rising = changed("unfolding", (layer) => ({ probeError: 0.05 * layer }));
  expect(judgeClaim(claims[2]!, rising).findings[2]?.holds).toBe(false);
  expect(verdicts(changed("skip", (layer) => ({ conditionalEntropyBits: 0.1 * layer })))[3]).toBe("not reproduced");
});
