/** @file The users' door: files, words for labels, scikit-learn's vocabulary, keeping and refusing. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createWasmRuntime, rootStream, writeNpy, writeSafetensors, type Runtime } from "@linear-probes/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fitProbe, loadProbe, newtonCholesky, saveProbe, type FeatureSource, type LabelSource } from "../src/index.ts";

let runtime: Runtime;
const folder = mkdtempSync(join(tmpdir(), "probes-"));
beforeAll(async () => {
  runtime = await createWasmRuntime({ threads: 1 });
});
afterAll(async () => {
  await runtime.dispose();
  rmSync(folder, { recursive: true });
});

const stream = rootStream("fit-probe");
const [rows, cols] = [200, 3];
const values = Float32Array.from({ length: rows * cols }, () => stream.normal());
const words = Array.from({ length: rows }, (_, i) => (values[i * cols]! + 0.3 * stream.normal() > 0 ? "up" : "down"));
const matrix = { values, cols };

test("five lines: fit, read the proof, predict", async () => {
  const probe = await fitProbe(matrix, words);
  expect(probe.status).toBe("converged");
  expect(probe.certificate.relativeGap).toBeLessThanOrEqual(1e-6);
  const predicted = probe.predict(matrix);
  const wrong = predicted.filter((label, i) => label !== words[i]).length / rows;
  expect(wrong).toBe(probe.certificate.trainError);
  const p = probe.predictProba(matrix);
  for (let i = 0; i < rows; i++) expect(p[2 * i]! + p[2 * i + 1]!).toBeCloseTo(1, 14);
});

test("C = 1 is scikit-learn's default penalty, 1/(n·l2)", async () => {
  const given = { runtime, tol: 1e-9, solver: newtonCholesky() };
  const byC = await fitProbe(matrix, words, { ...given, C: 1 });
  const byL2 = await fitProbe(matrix, words, { ...given, l2: 1 / rows });
  expect(byC.weights).toEqual(byL2.weights);
  expect(byC.l2).toBe(1 / rows);
});

test("the same features from memory, rows, npy and safetensors give the same bits", async () => {
  const npy = join(folder, "x.npy");
  const safetensors = join(folder, "x.safetensors");
  writeFileSync(npy, writeNpy([rows, cols], values));
  writeFileSync(
    safetensors,
    writeSafetensors(new Map([["X", { shape: [rows, cols], values: Float64Array.from(values) }]]), {}),
  );
  const y = join(folder, "y.npy");
  writeFileSync(
    y,
    writeNpy(
      [rows],
      Int32Array.from(words, (word) => (word === "up" ? 1 : 0)),
    ),
  );
  const list = Array.from({ length: rows }, (_, i) => [...values.subarray(i * cols, (i + 1) * cols)]);
  const fitted = await fitProbe(matrix, words, { runtime });
  for (const source of [{ file: npy }, { file: safetensors }, { file: safetensors, key: "X" }, list]) {
    const other = await fitProbe(source, { file: y }, { runtime });
    expect(other.weights).toEqual(fitted.weights);
    expect(other.classes).toEqual([0, 1]);
  }
});

test("a probe kept in a file is the same probe", async () => {
  const probe = await fitProbe(matrix, words, { runtime, scaling: "standardize" });
  const path = join(folder, "probe.safetensors");
  saveProbe(path, probe);
  const kept = loadProbe(path);
  expect(kept.weights).toEqual(probe.weights);
  expect(kept.certificate).toEqual(probe.certificate);
  expect([kept.classes, kept.scaling, kept.settings]).toEqual([probe.classes, "standardize", probe.settings]);
  expect(kept.predict(matrix)).toEqual(probe.predict(matrix));
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

describe("refusals", () => {
  const cases: [string, FeatureSource, LabelSource, RegExp][] = [
    ["labels for other rows", matrix, words.slice(1), /labels: must be one for each of 200 rows, got 199/],
    ["one class only", matrix, words.map(() => "up"), /must be an integer of at least 2, got 1|at least two classes/],
    ["numbers and words", matrix, words.map((word, i) => (i === 1 ? 3 : word)), /all numbers or all text/],
    ["broken rows", { values, cols: 7 }, words, /features: must be whole rows of 7 numbers, got 600/],
    ["ragged rows", [[1, 2], [3]], ["a", "b"], /features\[1\]: must have 2 columns/],
    ["NaN", { values: values.with(4, Number.NaN), cols }, words, /finite.*row 1, column 1|row 1, column 1/],
    ["infinity", { values: values.with(5, Infinity), cols }, words, /row 1, column 2/],
    ["no features", [], [], /must/],
    ["another kind of file", { file: "features.csv" }, words, /ENOENT|must be an npy, npz or safetensors file/],
  ];
  test.each(cases)("%s", async (_, features, labels, message) => {
    await expect(fitProbe(features, labels, { runtime })).rejects.toThrow(message);
  });

  test("both l2 and C; l2 that is not positive", async () => {
    await expect(fitProbe(matrix, words, { runtime, l2: 1, C: 1 })).rejects.toThrow(/must not both be given/);
    await expect(fitProbe(matrix, words, { runtime, l2: 0 })).rejects.toThrow(/l2: must be > 0/);
    await expect(fitProbe(matrix, words, { runtime, C: Number.NaN })).rejects.toThrow(/C: must be > 0/);
  });

  test("a probe on other columns, and a file that is no probe", async () => {
    const probe = await fitProbe(matrix, words, { runtime });
    expect(() => probe.predict([[1, 2]])).toThrow(/must have the 3 columns/);
    expect(() => loadProbe(join(folder, "x.safetensors"))).toThrow(/must be a probe saved by saveProbe/);
  });
});
