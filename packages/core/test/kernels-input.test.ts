/** @file What the wasm back end refuses, and what it says then. */
import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createReferenceRuntime } from "../src/kernels/reference.ts";
import { createWasmRuntime } from "../src/kernels/wasm.ts";
import { createFeatures, kernelCase } from "./kernels-cases.ts";

const folder = mkdtempSync(join(tmpdir(), "kernels-"));
const runtime = await createWasmRuntime({ threads: 2, memoryBytes: 2 ** 26 });
afterAll(async () => {
  await runtime.dispose();
  rmSync(folder, { recursive: true });
});

describe("features are refused", () => {
  test.each([
    ["NaN", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["minus infinity", Number.NEGATIVE_INFINITY],
  ])("with %s, by row and column", (_, bad) => {
    for (const [cols, row, col] of [
      [5, 3, 4],
      [8, 0, 0],
      [785, 9, 784],
    ] as const) {
      const block = new Float32Array(10 * cols).fill(1e30);
      block[row * cols + col] = bad;
      for (const storage of ["memory", "buffer"] as const) {
        const writer = runtime.createFeatures({ rows: 20, cols, storage, name: "fc1" });
        writer.write(0, new Float32Array(10 * cols));
        expect(() => writer.write(10, block)).toThrow(`fc1: numbers must be finite at row ${10 + row}, column ${col}`);
        expect(() => writer.finish()).toThrow("every row must be written");
        writer.abandon();
      }
    }
  });

  test("with NaN where another thread has put it", () => {
    for (const storage of ["memory", "buffer"] as const) {
      const writer = runtime.createFeatures({ rows: 20, cols: 8, storage, name: "fc1" });
      const place = writer.place(10, 10) ?? expect.unreachable("rows without padding have a place");
      place.fill(1);
      place[37] = Number.NaN;
      expect(() => writer.write(10, place)).toThrow("fc1: numbers must be finite at row 14, column 5, got NaN");
      writer.abandon();
    }
  });

  test("of no size, outside their rows, unfinished or finished twice", () => {
    expect(() => runtime.createFeatures({ rows: 0, cols: 3 })).toThrow("rows must be a positive integer, got 0");
    expect(() => runtime.createFeatures({ rows: 3, cols: 1.5 })).toThrow("columns must be a positive integer, got 1.5");
    const writer = runtime.createFeatures({ rows: 3, cols: 2 });
    expect(() => writer.write(2, new Float32Array(4))).toThrow("must lie within 3 rows");
    expect(() => writer.write(0, new Float32Array(3))).toThrow("whole rows of 2 numbers");
    writer.write(0, new Float32Array(4));
    expect(() => writer.finish()).toThrow("nothing in row 2");
    writer.write(2, new Float32Array(2));
    const features = writer.finish();
    expect(() => writer.finish()).toThrow("must be finished once");
    expect(() => features.readRows([3])).toThrow("rows are 0..2, got 3");
    features.release();
  });

  test("when they cannot fit", () => {
    const large = { rows: 2 ** 20, cols: 64 } as const;
    expect(() => runtime.createFeatures({ ...large, storage: "memory" })).toThrow("use storage buffer or file");
    const writer = runtime.createFeatures(large);
    writer.abandon();
    expect(() => writer.write(0, new Float32Array(64))).toThrow("must not be written after finish or abandon");
  });

  test("as a head of rows that are not there; a head answers as features of those rows do", () => {
    const problem = kernelCase(40, 7, 3);
    for (const runtimeOf of [runtime, createReferenceRuntime()]) {
      const whole = createFeatures(runtimeOf, problem);
      for (const rows of [0, 41, 1.5, Number.NaN]) expect(() => whole.head(rows)).toThrow("rows must be 1..40");
      const head = whole.head(15);
      const writer = runtimeOf.createFeatures({ rows: 15, cols: 7 });
      writer.write(0, problem.x.slice(0, 15 * 7));
      const copy = writer.finish();
      const labels = problem.labels.slice(0, 15);
      const answers = [head, copy].map((features) => [
        features.hash,
        features.moments(),
        runtimeOf.bind(features, { labels, classes: 3 }).evaluate(problem.weights, problem.bias),
      ]);
      expect(answers[0]).toEqual(answers[1]);
      head.release();
      expect(whole.readRows([39])).toEqual(problem.x.slice(39 * 7)); // what a head shares is not its to free
    }
  });

  test("after release, in every use", () => {
    const problem = kernelCase(20, 3, 2);
    const features = createFeatures(runtime, problem);
    const kernels = runtime.bind(features, { labels: problem.labels, classes: 2 });
    features.release();
    features.release(); // twice is once
    expect(() => features.readRows([0])).toThrow("not released");
    expect(() => features.moments()).toThrow("not released");
    expect(() => kernels.evaluate(problem.weights, problem.bias)).toThrow("not released");
    expect(() => kernels.gram()).toThrow("not released");
    const margins = kernels.createMargins();
    kernels.releaseMargins(margins);
    expect(() => kernels.score(margins)).toThrow("not be released");
  });
});

describe("a file of features", () => {
  test("appears when it is whole, and leaves nothing behind when given up", () => {
    const path = join(folder, "whole.f32");
    const writer = runtime.createFeatures({ rows: 2, cols: 3, storage: "file", path });
    writer.write(0, new Float32Array(6));
    expect(existsSync(path)).toBe(false);
    writer.finish().release();
    expect(existsSync(path)).toBe(true);
    runtime.createFeatures({ rows: 2, cols: 3, storage: "file", path: join(folder, "half.f32") }).abandon();
    expect(readdirSync(folder)).toEqual(["whole.f32"]);
  });

  test("that shrinks while in use is an error on whichever thread meets it, and the runtime lives on", () => {
    const problem = kernelCase(5000, 120, 3);
    const path = join(folder, "shrinking.f32");
    const features = createFeatures(runtime, problem, { storage: "file", path });
    const kernels = runtime.bind(features, { labels: problem.labels, classes: 3 });
    const whole = kernels.evaluate(problem.weights, problem.bias);
    truncateSync(path, 4000 * 120 * 4);
    expect(() => kernels.evaluate(problem.weights, problem.bias)).toThrow("the file was changed while in use");
    const memory = createFeatures(runtime, problem);
    const again = runtime.bind(memory, { labels: problem.labels, classes: 3 });
    expect(again.evaluate(problem.weights, problem.bias)).toEqual(whole);
  });
});

describe("bindings and options are refused", () => {
  const problem = kernelCase(20, 3, 2);
  const features = createFeatures(runtime, problem);

  test("with labels outside the classes, too few labels or shifts", () => {
    const labels = problem.labels.slice();
    labels[7] = 2;
    expect(() => runtime.bind(features, { labels, classes: 2 })).toThrow("labels[7]: must be 0..1, got 2");
    expect(() => runtime.bind(features, { labels: labels.subarray(1), classes: 3 })).toThrow("one for each of 20 rows");
    expect(() => runtime.bind(features, { labels, classes: 3, shift: new Float64Array(2) })).toThrow("3 columns");
    expect(() => runtime.bind(features, { labels, classes: 1 })).toThrow("two at least");
  });

  test("with weights, rows or thread numbers that make no sense", async () => {
    const kernels = runtime.bind(features, { labels: problem.labels, classes: 2 });
    expect(() => kernels.evaluate(new Float64Array(5), problem.bias)).toThrow("there must be 2·3 numbers, got 5");
    expect(() => kernels.gram(Int32Array.of(0, 20))).toThrow("must be 0..19, got 20");
    expect(() => kernels.gram(Int32Array.of())).toThrow("one at least");
    await expect(createWasmRuntime({ threads: 0 })).rejects.toThrow("threads: must be 1..64, got 0");
    await expect(createWasmRuntime({ threads: 1, memoryBytes: 2 ** 33 })).rejects.toThrow("memoryBytes");
  });
});
