/** @file The claims of figures 7 and 8 on rows made by hand, both ways; the digitised values against what the paper's figure shows. */
import type { Result } from "@linear-probes/bench";
import type { Row } from "@linear-probes/core";
import { expect, test } from "vitest";
import { type Claim, judgeClaim } from "../src/claim.ts";
import { claims as fig07 } from "../src/claims/fig07-auxiliary-losses.ts";
import { claims as fig08 } from "../src/claims/fig08-skip-connection.ts";
import { rankCorrelation } from "../src/claims/ripple.ts";
import { claims as fig08Residuals } from "../src/claims/fig08-residuals.ts";
import { residuals } from "../src/points/fig08-residuals.ts";
import { claims as fig08Film } from "../src/claims/fig08-film.ts";
import { digitised } from "../src/paper/fig08-digitised.ts";
import { crossings, probes } from "../src/points/deep-networks.ts";
import { fig07Result, fig08Result } from "./fixtures/deep.ts";

const judge = (claims: readonly Claim[], id: string, result: Result) => {
  const claim = claims.find((one) => one.id === id);
  if (claim === undefined) throw new Error(`no claim ${id}`);
  return judgeClaim(claim, result);
};
const changed = (result: Result, change: (row: Row) => Partial<Row>): Result => ({
  ...result,
  rows: result.rows.map((row) => Object.assign({}, row, change(row))),
});

test("the digitised frames have 129 bars, and the plateaus lie where the notes on the figure say", () => {
  for (const step of [0, 500, 2000]) expect(digitised(step)?.length).toBe(129);
  expect(
    digitised(0)
      ?.slice(32, 64)
      .every((error) => error === 0.889),
  ).toBe(true);
  expect(digitised(2000)?.[64]).toBe(0.063);
  expect(digitised(0)?.[0]).toBe(0.107);
  expect(digitised(1)).toBeUndefined();
});

test("figure 8: bumps, the ignored half, and plateaus that only the paper's way of fitting shows", () => {
  const result = fig08Result();
  expect(judge(fig08, "two-bumps", result).verdict).toBe("reproduced");
  expect(judge(fig08, "ignores-first-half", result).verdict).toBe("reproduced");
  expect(judge(fig08, "ignores-first-half-always", result).verdict).toBe("reproduced");
  const plateaus = judge(fig08, "plateaus-are-blind", result);
  expect(plateaus.verdict).toBe("depends on the probe's optimality");
  expect(plateaus.findings.map(({ holds }) => holds)).toEqual([false, true]);
  expect(judge(fig08, "input-does-not-move", result).verdict).toBe("reproduced");
});

test("figure 8: each claim can fail", () => {
  const used = changed(fig08Result(), (row) => (row["layer"] === 63 && row["step"] !== 0 ? { trainError: 0.05 } : {}));
  expect(judge(fig08, "ignores-first-half", used).verdict).toBe("not reproduced");
  expect(judge(fig08, "ignores-first-half-always", used).verdict).toBe("not reproduced");
  const flat = changed(fig08Result(), (row) => ("layer" in row ? { trainError: 0.5 } : {}));
  expect(judge(fig08, "two-bumps", flat).verdict).toBe("not reproduced");
  expect(judge(fig08, "falls-to-the-right", flat).verdict).toBe("not reproduced");
  expect(judge(fig08Residuals, "digitised-first-frame", flat).verdict).toBe("not reproduced");
  expect(judge(fig08Residuals, "digitised-first-frame", flat).findings.map(({ subject }) => subject)).toEqual([
    "certified optimum, standardised", // the other's length was chosen by this frame
  ]);
  const moved = changed(fig08Result(), (row) =>
    row["layer"] === 0 && row["step"] === 500 ? { trainError: 0.07 } : {},
  );
  expect(judge(fig08, "input-does-not-move", moved).verdict).toBe("not reproduced");
  const worse = changed(fig08Result(), (row) => (row["layer"] === 63 ? { trainError: 0.9 } : {}));
  expect(judge(fig08, "not-below-majority", worse).verdict).toBe("not reproduced");
});

test("residuals: measured minus the bar of the same layer and step, and none for a network of another depth", () => {
  const { rows } = fig08Result();
  const found = residuals(rows);
  expect(found.length).toBe(3 * 2 * 129);
  for (const { paper, residual, trainError, step, layer } of found) {
    expect(paper).toBe(digitised(step)?.[layer]);
    expect(residual).toBe(trainError - paper);
  }
  expect(residuals(rows.filter((row) => !("layer" in row) || Number(row["layer"]) < 128))).toEqual([]);
});

test("figure 7: trained with, untrained without, and five pairs", () => {
  const result = fig07Result();
  for (const id of [
    "trains-with-auxiliary-losses",
    "does-not-train-without",
    "five-networks",
    "not-impressive",
    "layers-fall",
  ])
    expect(judge(fig07, id, result).verdict, id).toBe("reproduced");
  const one = changed(result, (row) =>
    row["kind"] === "model" && row["variant"] === "plain" && row["replica"] === 3 ? { trainError: 0.5 } : {},
  );
  expect(judge(fig07, "five-networks", one).verdict).toBe("not reproduced");
  const four = { ...result, rows: result.rows.filter((row) => row["replica"] !== 4) };
  expect(judge(fig07, "five-networks", four).verdict).toBe("not judged");
});

test("claims about 128 layers of MNIST are not judged on less", () => {
  const small = {
    ...fig08Result(),
    rows: fig08Result().rows.filter((row) => !("layer" in row) || Number(row["layer"]) <= 100),
  };
  expect(judge(fig08, "two-bumps", small).reason).toContain("100 layers");
  const short = { ...fig08Result(), rows: fig08Result().rows.filter((row) => Number(row["step"]) <= 500) };
  expect(judge(fig08, "ignores-first-half", short).reason).toContain("500 steps");
});

test("crossings: the first step at which each layer's probe is good enough", () => {
  const found = crossings(probes(fig08Result().rows, "animation"), 0.3);
  expect(found.find(({ layer }) => layer === 0)?.step).toBe(0);
  expect(found.find(({ layer }) => layer === 63)).toBeUndefined();
  expect(found.find(({ layer }) => layer === 128)?.step).toBe(300);
});

test("the ripple: by hand, with ties, and on frames that fall from left to right", () => {
  expect(rankCorrelation([1, 2, 3, 4], [10, 20, 30, 40])).toBe(1);
  expect(rankCorrelation([1, 2, 3], [5, 5, 5])).toBe(0);
  expect(rankCorrelation([1, 2, 3, 4], [1, 1, 2, 2])).toBeCloseTo(4 / Math.sqrt(5 * 4), 12);
  expect(judge(fig08Film, "ripple", fig08Result()).verdict).toBe("not judged"); // too few layers in the fixture
});

test("the ripple is judged at one threshold, and says what others would have said", () => {
  // Layer 64 + 8 i comes to 0.3 after 100 (i + 1) steps; from layer 104 on all are at 0.45 before the first.
  const steps = Array.from({ length: 10 }, (_, i) => 100 * i);
  const rows = steps.flatMap((step) =>
    Array.from({ length: 9 }, (_, i) => ({
      kind: "probe",
      frames: "animation",
      protocol: "certified-standardized",
      variant: "skip",
      replica: 0,
      step,
      layer: 64 + 8 * i,
      rows: 6000,
      trainError: step >= 100 * (i + 1) ? 0.25 : i >= 5 ? 0.45 : 0.6,
      trainLoss: 1,
      gapNats: 1e-3,
      certified: true,
    })),
  );
  const found = judge(fig08Film, "ripple", { ...fig08Result(), rows });
  expect(found.verdict).toBe("reproduced");
  expect(found.findings[0]?.measured).toContain("correlation 1.00 over 9 layers; layer 64 at step 100");
  // Ranks 5, 6, 7, 8, 9 and four of 2.5: -35/√(60·55).
  expect(found.findings[0]?.measured).toContain("not judged: -0.61 over 9 at an error of 0.5");
  expect(found.findings[0]?.measured).toContain("too few layers at an error of 0.15");
});
