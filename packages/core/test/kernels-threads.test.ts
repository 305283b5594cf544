/** @file Bits depend on nothing: not on the threads, not on where X is kept, not on what ran before. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createWasmRuntime, type WasmRuntime } from "../src/kernels/wasm.ts";
import { answers, createFeatures, kernelCase, sameBits, type Answers, type Case } from "./kernels-cases.ts";

const folder = mkdtempSync(join(tmpdir(), "kernels-"));
const runtimes = await Promise.all([1, 2, 3].map((threads) => createWasmRuntime({ threads })));
const [one, , three] = runtimes;
afterAll(async () => {
  await Promise.all(runtimes.map((runtime) => runtime.dispose()));
  rmSync(folder, { recursive: true });
});

type Storage = "memory" | "buffer" | "file";

function answersOf(runtime: WasmRuntime | undefined, problem: Case, storage: Storage = "memory"): Answers {
  if (runtime === undefined) throw new Error("no runtime");
  const features = createFeatures(runtime, problem, { storage, path: join(folder, "features.f32") });
  const kernels = runtime.bind(features, { labels: problem.labels, classes: problem.k, shift: problem.shift });
  const got = answers(kernels, features, problem);
  features.release();
  return got;
}

/** Large enough that threads are woken for them. */
const SHAPES: readonly (readonly [number, number, number])[] = [
  [5000, 127, 10],
  [9001, 64, 2],
  [600, 1021, 3],
  [600, 1021, 2],
  [300, 6000, 3],
];

describe("the same bits", () => {
  test.each(SHAPES)("on 1, 2 and 3 threads: %i x %i, %i classes", (n, d, k) => {
    const problem = kernelCase(n, d, k);
    const [first, ...others] = runtimes.map((runtime) => answersOf(runtime, problem));
    for (const other of others) expect(sameBits(first ?? {}, other)).toBe(true);
    expect(sameBits(first ?? {}, answersOf(one, problem))).toBe(true);
  });

  test.each(SHAPES)("from memory, buffers and a file: %i x %i, %i classes", (n, d, k) => {
    const problem = kernelCase(n, d, k);
    const memory = answersOf(one, problem, "memory");
    for (const runtime of [one, three]) {
      for (const storage of ["buffer", "file"] as const) {
        expect(sameBits(memory, answersOf(runtime, problem, storage)), storage).toBe(true);
      }
    }
  });

  test("of an untrained layer", () => {
    const problem = kernelCase(3000, 100, 2);
    const weights = Float32Array.from({ length: 100 * 90 }, (_, i) => Math.sin(i));
    const hashes = runtimes.flatMap((runtime) =>
      (["memory", "buffer"] as const).map((storage) => {
        const features = createFeatures(runtime, problem, { storage });
        return runtime.denseLeakyRelu(features, weights, 90, 0.5).hash;
      }),
    );
    expect(new Set(hashes).size).toBe(1);
  });

  test("of a rectifier", () => {
    const problem = kernelCase(9000, 100, 2);
    const hashes = runtimes.flatMap((runtime) =>
      (["memory", "buffer"] as const).map(
        (storage) => runtime.rectified(createFeatures(runtime, problem, { storage })).hash,
      ),
    );
    expect(new Set(hashes).size).toBe(1);
  });

  test("of merged columns, whatever the storage", () => {
    const problem = kernelCase(9000, 101, 2);
    const groups = Array.from({ length: 26 }, (_, g) => Int32Array.from([0, 26, 52, 78], (from) => from + g)).map(
      (columns) => columns.filter((column) => column < 101),
    );
    const hashes = runtimes.flatMap((runtime) =>
      (["memory", "buffer"] as const).map(
        (storage) => runtime.mergedColumns(createFeatures(runtime, problem, { storage }), groups).hash,
      ),
    );
    expect(new Set(hashes).size).toBe(1);
  });

  test("of a sweep that is taken up again after each epoch", () => {
    const problem = kernelCase(500, 30, 3);
    const run = (runtime: WasmRuntime | undefined, order: Int32Array, state: Float64Array[]): void => {
      if (runtime === undefined) throw new Error("no runtime");
      const kernels = runtime.bind(createFeatures(runtime, problem), { labels: problem.labels, classes: 3 });
      const [weights, bias, weightsSquare, biasSquare] = state;
      if (!weights || !bias || !weightsSquare || !biasSquare) throw new Error("no state");
      const columns = (value: number): Float64Array => new Float64Array(30).fill(value);
      kernels.rmspropEpoch({
        order,
        batch: 50,
        weights,
        bias,
        weightsSquare,
        biasSquare,
        penalty: columns(1e-4),
        weightsRate: columns(1e-3),
        weightsEpsilon: columns(1e-7),
        learningRate: 1e-3,
        epsilon: 1e-7,
        decay: 0.9,
      });
    };
    const fresh = (): Float64Array[] => [90, 3, 90, 3].map((length) => new Float64Array(length));
    const order = Int32Array.from({ length: 1000 }, (_, i) => (i * 7) % 500);
    const whole = fresh();
    run(one, order, whole);
    const halves = fresh();
    run(one, order.subarray(0, 500), halves);
    run(three, order.subarray(500), halves);
    expect(halves).toEqual(whole);
  });
});

test("rows of several buffers are read as they were written", () => {
  const [rows, cols] = [2700, 25_088]; // 271 MB, where a buffer has 256 MiB
  const runtime = three ?? expect.unreachable("a runtime of three threads");
  const writer = runtime.createFeatures({ rows, cols, storage: "buffer" });
  const block = new Float32Array(100 * cols);
  for (let row = 0; row < rows; row += 100) {
    for (let i = 0; i < 100; i++) block.fill(row + i, i * cols, (i + 1) * cols);
    // In their place, but for the rows that lie in two buffers.
    const place = writer.place(row, 100);
    expect(place === undefined).toBe(row === 2600);
    place?.set(block);
    writer.write(row, place ?? block);
  }
  const features = writer.finish();
  try {
    const edge = [0, 2673, 2674, 2675, rows - 1]; // the second buffer begins at ⌊2²⁸ / 4·25,088⌋ = 2674
    expect(edge.map((row) => features.readRows([row])[cols - 1])).toEqual(edge);
    const { mean, variance } = features.moments();
    expect(mean.every((value) => Math.abs(value - (rows - 1) / 2) < 1e-9)).toBe(true);
    expect(variance.every((value) => Math.abs(value / ((rows ** 2 - 1) / 12) - 1) < 1e-12)).toBe(true);
  } finally {
    features.release();
  }
});

test("rows put in their place are the rows written", () => {
  const runtime = three ?? expect.unreachable("a runtime of three threads");
  const values = Float32Array.from({ length: 30 * 8 }, (_, i) => i / 7);
  for (const storage of ["memory", "buffer"] as const) {
    const writer = runtime.createFeatures({ rows: 30, cols: 8, storage });
    expect([writer.place(-1, 2), writer.place(29, 2), writer.place(3, 0)]).toEqual([undefined, undefined, undefined]);
    for (let row = 0; row < 30; row += 10) {
      const place = writer.place(row, 10) ?? expect.unreachable("rows without padding have a place");
      expect(place.buffer).toBeInstanceOf(SharedArrayBuffer);
      place.set(values.subarray(row * 8, (row + 10) * 8));
      writer.write(row, place);
    }
    const features = writer.finish();
    expect(features.readRows(Array.from({ length: 30 }, (_, row) => row))).toEqual(values);
    features.release();
  }
  const padded = runtime.createFeatures({ rows: 4, cols: 3 });
  expect(padded.place(0, 4)).toBeUndefined();
  padded.abandon();
});

test("memory is used again: thousands of features and bindings fit into 64 MiB", async () => {
  const runtime = await createWasmRuntime({ threads: 1, memoryBytes: 2 ** 26 });
  const problem = kernelCase(2000, 100, 2);
  for (let i = 0; i < 1500; i++) {
    const features = createFeatures(runtime, problem, { storage: "memory" });
    const kernels = runtime.bind(features, { labels: problem.labels, classes: 2 });
    const margins = kernels.createMargins();
    if (i % 100 === 0) kernels.forward(problem.weights, problem.bias, margins);
    kernels.releaseMargins(margins);
    features.release();
  }
  await runtime.dispose();
});
