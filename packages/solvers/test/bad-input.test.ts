/** @file What users may hand over by mistake or by misfortune: handled, or refused in words, and nothing left behind. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createWasmRuntime,
  evaluateOnTest,
  labelled,
  rootStream,
  writeNpy,
  writeSafetensors,
  type Runtime,
  type Solver,
} from "@linear-probes/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fitProbe, lbfgs, loadProbe, newtonCg, newtonCholesky, saga, saveProbe } from "../src/index.ts";

let runtime: Runtime;
const folder = mkdtempSync(join(tmpdir(), "bad-input-"));
beforeAll(async () => {
  runtime = await createWasmRuntime({ threads: 1 });
});
afterAll(async () => {
  await runtime.dispose();
  rmSync(folder, { recursive: true });
});

const [rows, cols] = [120, 4];
const stream = rootStream("bad-input");
const values = Float32Array.from({ length: rows * cols }, () => stream.normal());
const labels = Array.from({ length: rows }, (_, i) => {
  return values[i * cols]! + 0.5 * stream.normal() > 0 ? "spoon" : "fork";
});

/** A copy of X with column `to` made from its row. */
function withColumn(to: number, make: (row: Float32Array) => number): { values: Float32Array; cols: number } {
  const copy = values.slice();
  for (let i = 0; i < rows; i++) copy[i * cols + to] = make(copy.subarray(i * cols, (i + 1) * cols));
  return { values: copy, cols };
}

describe("NaN mid-stream", () => {
  test("names the row of the whole matrix, whichever block it came in; abandoned, the file is gone", () => {
    const path = join(folder, "streamed.f32");
    const writer = runtime.createFeatures({ rows, cols, storage: "file", path, name: "conv1" });
    writer.write(0, values.subarray(0, 50 * cols));
    const block = values.slice(50 * cols, 100 * cols);
    block[7 * cols + 2] = Number.NaN;
    expect(() => writer.write(50, block)).toThrow(/conv1: numbers must be finite at row 57, column 2, got NaN/);
    expect(() => writer.finish()).toThrow(/conv1: every row must be written, got "nothing in row \d+"/);
    writer.abandon();
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("the block may be written again, mended", () => {
    const writer = runtime.createFeatures({ rows, cols });
    expect(() => writer.write(0, values.with(9, Infinity))).toThrow(/row 2, column 1/);
    writer.write(0, values);
    const features = writer.finish();
    expect(features.readRows([2])).toEqual(values.slice(8, 12));
    features.release();
  });

  test("a runtime that refused something goes on to fit", async () => {
    await expect(fitProbe({ values: values.with(100, Number.NaN), cols }, labels, { runtime })).rejects.toThrow(
      /row 25, column 0/,
    );
    expect((await fitProbe({ values, cols }, labels, { runtime })).status).toBe("converged");
  });
});

describe("columns that say nothing, or the same", () => {
  test.each(["none", "center", "standardize"] as const)("a constant column gets weight 0: %s", async (scaling) => {
    const constant = await fitProbe(
      withColumn(3, () => 7.25),
      labels,
      { runtime, scaling, tol: 1e-8, l2: 1e-2 },
    );
    const without = await fitProbe(
      withColumn(3, () => 0),
      labels,
      { runtime, scaling, tol: 1e-8, l2: 1e-2 },
    );
    expect(constant.status).toBe("converged");
    for (const c of [0, 1]) expect(Math.abs(constant.weights[c * cols + 3]!)).toBeLessThan(1e-5);
    expect(constant.certificate.objective).toBeCloseTo(without.certificate.objective, 8);
  });

  test("duplicate columns share their weight equally, the one optimum there is", async () => {
    const probe = await fitProbe(
      withColumn(3, (row) => row[0]!),
      labels,
      { runtime, tol: 1e-10, l2: 1e-2, solver: newtonCholesky() },
    );
    expect(probe.status).toBe("converged");
    for (const c of [0, 1]) expect(probe.weights[c * cols]).toBeCloseTo(probe.weights[c * cols + 3] ?? 0, 6);
  });
});

const solvers: readonly [string, Solver][] = [
  ["lbfgs", lbfgs()],
  ["newton-cg", newtonCg()],
  ["newton-cholesky", newtonCholesky()],
  ["saga", saga()],
];

test.each(solvers)(
  "separable classes as l2 → 0, %s: no error, no endless run, and optimal only with a proof",
  async (_, solver) => {
    const split = Array.from({ length: rows }, (__, i) => (values[i * cols]! > 0 ? 1 : 0));
    const losses: number[] = [];
    for (const l2 of [1e-2, 1e-6, 1e-12]) {
      const probe = await fitProbe({ values, cols }, split, { runtime, l2, maxIter: 60, solver });
      const { loss, relativeGap, objective, dualityGap } = probe.certificate;
      expect(["converged", "pass-budget", "stalled"]).toContain(probe.status);
      expect(probe.status === "converged").toBe(relativeGap <= 1e-6);
      expect(Number.isFinite(objective) && probe.weights.every(Number.isFinite)).toBe(true);
      expect(dualityGap).toBeGreaterThanOrEqual(0);
      losses.push(loss);
    }
    // The weaker the penalty, the nearer to no loss at all.
    expect(losses).toEqual(losses.toSorted((a, b) => b - a));
    await expect(fitProbe({ values, cols }, split, { runtime, l2: 0 })).rejects.toThrow(/l2: must be > 0 and finite/);
  },
);

test("one row per class, as words with spaces, marks and accents; they come back from a file", async () => {
  const words = ["", "ü", "a\nb", "<b>", "0"];
  const few = { values: values.slice(0, words.length * cols), cols };
  const probe = await fitProbe(few, words, { runtime, l2: 1e-3 });
  expect(probe.status).toBe("converged");
  expect(probe.predict(few)).toEqual(words);
  saveProbe(join(folder, "words.safetensors"), probe);
  expect(loadProbe(join(folder, "words.safetensors")).predict(few)).toEqual(words);
  rmSync(join(folder, "words.safetensors"));
});

test("words are the classes of the same fit as numbers in their order", async () => {
  const byWord = await fitProbe({ values, cols }, labels, { runtime });
  const byNumber = await fitProbe(
    { values, cols },
    labels.map((word) => (word === "fork" ? 3 : 8)),
    { runtime },
  );
  expect(byWord.weights).toEqual(byNumber.weights);
  expect([byWord.classes, byNumber.classes]).toEqual([
    ["fork", "spoon"],
    [3, 8],
  ]);
});

describe("files that lie about their shape", () => {
  const npy = Buffer.from(writeNpy([rows, cols], values));
  const safetensors = Buffer.from(
    writeSafetensors(new Map([["X", { shape: [rows, cols], values: Float64Array.from(values) }]]), {}),
  );
  const cases: [string, string, Buffer, RegExp][] = [
    [
      "npy that claims more rows",
      "a.npy",
      replaced(npy, "(120, 4)", "(121, 4)"),
      /a\.npy: shape \(121, 4\) of <f4 takes 2064 bytes, got 2048/,
    ],
    ["npy that claims fewer", "a.npy", replaced(npy, "(120, 4)", "(119, 4)"), /a\.npy: shape \(119, 4\)/],
    ["npy that claims billions", "a.npy", replaced(npy, "(120, 4), ", "(1e9, 4), "), /a\.npy: /],
    [
      "npy cut short",
      "a.npy",
      npy.subarray(0, npy.length - 5),
      /a\.npy: shape \(120, 4\) of <f4 takes 2048 bytes, got 2043/,
    ],
    [
      "safetensors that claim more",
      "a.safetensors",
      replaced(safetensors, "[120,4]", "[121,4]"),
      /a\.safetensors: X: a tensor of shape \[121, 4\] must have 3872 bytes/,
    ],
    ["safetensors cut short", "a.safetensors", safetensors.subarray(0, safetensors.length - 8), /a\.safetensors: X: /],
    ["not a file of that kind", "a.npz", npy, /a\.npz: must end with a zip directory/],
    ["one axis", "a.npy", Buffer.from(writeNpy([rows * cols], values)), /a\.npy: features must have two axes/],
  ];
  test.each(cases)("%s", async (_, name, bytes, message) => {
    const file = join(folder, name);
    writeFileSync(file, bytes);
    await expect(fitProbe({ file }, labels, { runtime })).rejects.toThrow(message);
    rmSync(file);
  });

  test("rows for other labels, and features that the probe was not fitted on", async () => {
    const file = join(folder, "b.npy");
    writeFileSync(file, writeNpy([rows / 2, cols * 2], values)); // the same bytes, another shape
    await expect(fitProbe({ file }, labels, { runtime })).rejects.toThrow(
      /labels: must be one for each of 60 rows, got 120/,
    );
    const probe = await fitProbe({ values, cols }, labels, { runtime });
    expect(() => probe.predict({ file })).toThrow(
      /features: must have the 4 columns that the probe was fitted on, got 8/,
    );
    rmSync(file);
  });
});

test("rows of another width than the probe's are refused by the judges too", async () => {
  const probe = await fitProbe({ values, cols }, labels, { runtime });
  const writer = runtime.createFeatures({ rows: 2, cols: 3 });
  writer.write(0, values.subarray(0, 6));
  const test = labelled("test", writer.finish(), Int32Array.of(0, 1), 2);
  const linear = { classes: 2, cols, weights: probe.weights, bias: probe.bias };
  expect(() => evaluateOnTest(runtime, linear, test)).toThrow(/probe columns: must be 3, as the rows have, got 4/);
});

/** The same bytes but for a piece of text, which keeps its length. */
function replaced(bytes: Buffer, from: string, to: string): Buffer {
  const text = bytes.toString("latin1");
  if (!text.includes(from)) throw new Error(`no ${from} in the file`);
  return Buffer.from(text.replace(from, to.padEnd(from.length)), "latin1");
}
