import { expect, it } from "vitest";
import { differenceOf } from "../src/commands/golden.ts";
import { changedParts } from "../src/commands/why.ts";
import { createMeter, timingsOf } from "../src/ledger.ts";
import { textTable } from "../src/table.ts";

const rows = [{ layer: 0, testError: 0.125, status: "converged" }];

it("golden: asks for equal rows, but for the columns that have a tolerance", () => {
  const expected = [{ layer: 0, testError: 0.126, status: "converged" }];
  expect(differenceOf(rows, { rows })).toBeUndefined();
  expect(differenceOf(expected, { rows })).toBe("row 1, testError: 0.125, 0.126 expected");
  expect(differenceOf(expected, { rows }, { testError: 0.01 })).toBeUndefined();
  expect(differenceOf(expected, { rows }, { testError: 0.0001 })).toContain("expected within 0.0001");
  expect(differenceOf([{ ...rows[0], status: "stalled" }], { rows }, { status: Infinity })).toBeUndefined();
  expect(differenceOf([...rows, ...rows], { rows })).toBe("1 rows, 2 expected");
  expect(differenceOf([{ layer: 0, testError: 0.125 }], { rows })).toBe("row 1, status: converged, undefined expected");
  expect(differenceOf([{ ...rows[0], testError: Number.NaN }], { rows }, { testError: 1 })).toContain("NaN expected");
});

it("why: names what changed, appeared and went", () => {
  expect(
    changedParts({ "a.ts": "1", "npm:x": "1.0.0", "b.ts": "2" }, { "a.ts": "9", "npm:x": "1.0.1", "c.ts": "3" }),
  ).toEqual(["a.ts changed", "b.ts is gone", "c.ts is new", "npm:x 1.0.0 → 1.0.1"]);
  expect(changedParts({ "a.ts": "1" }, { "a.ts": "1" })).toEqual([]);
});

it("ledger: measures phases, the running one included, and carries what an earlier run spent", async () => {
  let now = 0;
  const meter = createMeter({ seconds: () => now, peakRssMiB: () => 50 });
  meter.carry({ seconds: { training: 100 }, peakRssMiB: 70 });
  await meter.phase("training", () => {
    now = 3;
    expect(meter.cost().seconds).toEqual({ training: 103 });
    now = 5;
  });
  now = 9; // outside any phase
  await meter.phase("probes", () => void (now = 10));
  expect(meter.cost()).toEqual({ seconds: { training: 105, probes: 1 }, peakRssMiB: 70 });
});

it("ledger: a shared value counts once, a stored one costs nothing now, workers share the wall time", () => {
  const use = (key: string, seconds: number, reused: boolean) => ({
    key,
    cost: { seconds: { probes: seconds }, peakRssMiB: 10 },
    reused,
  });
  const uses = [use("a", 8, false), use("a", 8, true), use("b", 4, true)];
  expect(timingsOf(uses, 2, 5, 20)).toEqual({
    phases: [
      { phase: "probes", seconds: 6, spentSeconds: 4 },
      { phase: "other", seconds: 1, spentSeconds: 1 },
    ],
    wallSeconds: 5,
    costSeconds: 7,
    peakRssMiB: 20,
  });
});

it("table: pads columns, numbers to the right", () => {
  expect(
    textTable(
      ["kind", "n"],
      [
        ["probe", 10],
        ["x", 2],
      ],
    ),
  ).toEqual(["kind    n", "probe  10", "x       2"]);
});
