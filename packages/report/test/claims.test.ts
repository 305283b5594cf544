/** @file Claims on rows made by hand, both ways. */
import type { Result } from "@linear-probes/bench";
import { expect, test } from "vitest";
import { type Claim, judgeClaim } from "../src/claim.ts";
import { claims as fig03 } from "../src/claims/fig03-untrained-depth.ts";
import { claims as fig05 } from "../src/claims/fig05-mnist-convnet.ts";
import { fig03Result, fig05Result } from "./fixtures/rows.ts";

function judge(claims: readonly Claim[], id: string, result: Result) {
  const claim = claims.find((one) => one.id === id);
  if (claim === undefined) throw new Error(`no claim ${id}`);
  return judgeClaim(claim, result);
}

/** The result with the cells of some rows changed. */
function with_(result: Result, change: (row: Result["rows"][number]) => Partial<Result["rows"][number]>): Result {
  return { ...result, rows: result.rows.map((row) => Object.assign({}, row, change(row))) };
}

test("all kinds of probes agree: reproduced or not; they disagree: it depends on optimality", () => {
  const result = fig03Result();
  const finding = (subject: string, holds: boolean) => ({ subject, holds, measured: "" });
  const claim = (holds: readonly boolean[]): Claim => ({
    id: "x",
    statement: "x",
    place: "x",
    provenance: "stated",
    rule: "x",
    tolerance: "x",
    judge: () => holds.map((one, i) => finding(String(i), one)),
  });
  expect(judgeClaim(claim([true, true]), result).verdict).toBe("reproduced");
  expect(judgeClaim(claim([false, false]), result).verdict).toBe("not reproduced");
  expect(judgeClaim(claim([false, true]), result).verdict).toBe("depends on the probe's optimality");
  expect(judgeClaim(claim([]), result)).toMatchObject({ verdict: "not judged", reason: "nothing was measured" });
  expect(judgeClaim({ ...claim([true]), undecidable: () => "why" }, result).reason).toBe("why");
});

test("figure 3: error at the input", () => {
  expect(judge(fig03, "input-separable", fig03Result()).verdict).toBe("reproduced");
  const worse = with_(fig03Result(), (row) => (row["layer"] === 0 && "testError" in row ? { testError: 0.021 } : {}));
  expect(judge(fig03, "input-separable", worse).verdict).toBe("not reproduced");
});

test("figure 3: the climb", () => {
  expect(judge(fig03, "climbs", fig03Result()).verdict).toBe("reproduced");
  const fall = with_(fig03Result(), (row) => (row["layer"] === 20 && "testError" in row ? { testError: 0.1 } : {}));
  expect(judge(fig03, "climbs", fall).verdict).toBe("not reproduced");
  const flat = with_(fig03Result(), (row) => ("testError" in row ? { testError: 0.3 } : {}));
  expect(judge(fig03, "climbs", flat).verdict).toBe("not reproduced");
});

test("figure 3: the end at chance depends on which probes are asked", () => {
  const judged = judge(fig03, "ends-at-chance", fig03Result());
  expect(judged.verdict).toBe("depends on the probe's optimality");
  expect(judged.findings.map(({ holds }) => holds)).toEqual([false, true, false]);
  const chance = with_(fig03Result(), (row) => (row["layer"] === 32 && "testError" in row ? { testError: 0.49 } : {}));
  expect(judge(fig03, "ends-at-chance", chance).verdict).toBe("reproduced");
  const shallow = { ...fig03Result(), rows: fig03Result().rows.filter((row) => Number(row["layer"]) < 32) };
  expect(judge(fig03, "ends-at-chance", shallow).verdict).toBe("not judged");
});

test("figure 3: underflow in one dataset is enough to refute", () => {
  expect(judge(fig03, "no-underflow", fig03Result()).verdict).toBe("reproduced");
  const lost = with_(fig03Result(), (row) =>
    row["layer"] === 32 && row["dataset"] === 1 && "norm" in row ? { norm: 0 } : {},
  );
  expect(judge(fig03, "no-underflow", lost).verdict).toBe("not reproduced");
});

const error = (tap: string, trained: boolean, testError: number) => (row: Result["rows"][number]) =>
  row["tap"] === tap && (row["step"] !== 0) === trained ? { testError } : {};

test("figure 5 (a): from 8 % to 2 %", () => {
  expect(judge(fig05, "untrained-8-to-2", fig05Result()).verdict).toBe("reproduced");
  const edge = with_(fig05Result(), error("input", false, 0.09));
  expect(judge(fig05, "untrained-8-to-2", edge).verdict).toBe("reproduced");
  const worse = with_(fig05Result(), error("input", false, 0.0901));
  expect(judge(fig05, "untrained-8-to-2", worse).verdict).toBe("not reproduced");
});

test("figure 5 (a): the first ReLU", () => {
  expect(judge(fig05, "first-relu", fig05Result()).verdict).toBe("reproduced");
  const other = with_(fig05Result(), error("conv1_postact", false, 0.09));
  expect(judge(fig05, "first-relu", other).verdict).toBe("not reproduced");
});

test("figure 5 (b): improvement everywhere but at the kink", () => {
  expect(judge(fig05, "trained-improves", fig05Result()).verdict).toBe("reproduced");
  const worse = with_(fig05Result(), error("logits", true, 0.0115));
  const judged = judge(fig05, "trained-improves", worse);
  expect(judged.verdict).toBe("not reproduced");
  expect(judged.findings[0]?.measured).toContain("fc1_postact → logits +0.26 points");
});

test("figure 5 (b): the kink", () => {
  expect(judge(fig05, "trained-kink", fig05Result()).verdict).toBe("reproduced");
  const none = with_(fig05Result(), error("fc1_preact", true, 0.0095));
  expect(judge(fig05, "trained-kink", none).verdict).toBe("not reproduced");
  const major = with_(fig05Result(), error("fc1_preact", true, 0.05));
  expect(judge(fig05, "trained-kink", major).verdict).toBe("not reproduced");
});

test("figure 5: the network itself, at the bound and above it", () => {
  const network = (testError: number) =>
    with_(fig05Result(), (row) => (row["kind"] === "model" && row["step"] !== 0 ? { testError } : {}));
  expect(judge(fig05, "model-error", network(0.01)).verdict).toBe("reproduced");
  expect(judge(fig05, "model-error", network(0.0101)).verdict).toBe("not reproduced");
});

test("claims about MNIST are not judged on synthetic digits, claims about 10 epochs not after fewer", () => {
  const synthetic = fig05Result({ dataset: { name: "s", sha256: "0", synthetic: true, notice: "not MNIST" } });
  for (const claim of fig05) expect(judgeClaim(claim, synthetic).verdict).toBe("not judged");
  expect(judge(fig05, "trained-kink", fig05Result({}, 1)).reason).toMatch(
    /trained for 1 epochs?; the claim is about 10/,
  );
  expect(judge(fig05, "first-relu", fig05Result({}, 1)).verdict).toBe("reproduced");
});

test("a hole in the rows is an error, not a number", () => {
  const broken = with_(fig05Result(), error("logits", true, Number.NaN));
  expect(() => judge(fig05, "trained-improves", broken)).toThrow("row.testError: must be a finite number, got NaN");
});
