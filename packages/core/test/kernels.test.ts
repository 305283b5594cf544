/** @file The wasm kernels against the float64 reference, and against finite differences. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { arithmetic } from "../src/arithmetic.ts";
import { createReferenceRuntime } from "../src/kernels/reference.ts";
import { createWasmRuntime } from "../src/kernels/wasm.ts";
import { answers, createFeatures, kernelCase, relativeError, rowSweepOf } from "./kernels-cases.ts";

const wasm = await createWasmRuntime({ threads: 1 });
const other = await createWasmRuntime({ threads: 1, arithmetic: arithmetic() === "fused" ? "separate" : "fused" });
const reference = createReferenceRuntime();
afterAll(() => Promise.all([wasm.dispose(), other.dispose()]));

/** Float32 products of up to 800 terms; sums are float64. */
const FAST = 3e-6;
const EXACT = 2e-14;
const FLOAT64 = new Set(["mean", "variance"]);

const SHAPES: readonly (readonly [number, number, number])[] = [
  [1, 1, 2],
  [7, 1, 3],
  [2, 5, 2],
  [300, 5, 10],
  [901, 128, 2],
  [200, 1100, 2],
  [777, 37, 10],
  [513, 785, 3],
  [300, 785, 10],
  [400, 130, 17],
  [12, 1100, 4],
];

function allAnswers(n: number, d: number, k: number) {
  const problem = kernelCase(n, d, k);
  const { labels, shift } = problem;
  return [wasm, reference, other].map((runtime) => {
    const features = createFeatures(runtime, problem);
    const got = answers(runtime.bind(features, { labels, classes: k, shift }), features, problem);
    features.release();
    return got;
  });
}

describe("every kernel agrees with the reference", () => {
  test.each(SHAPES)("%i rows, %i columns, %i classes", (n, d, k) => {
    const [got = {}, want = {}, separate = {}] = allAnswers(n, d, k);
    for (const [name, values] of Object.entries(want)) {
      const bound = FLOAT64.has(name) || name.startsWith("exact") ? EXACT : FAST;
      expect(relativeError(got[name] ?? new Float64Array(0), values), name).toBeLessThan(bound);
      expect(relativeError(separate[name] ?? new Float64Array(0), values), `${name}, the other build`).toBeLessThan(
        bound,
      );
    }
  });

  test("on random shapes", () => {
    const shape = fc.tuple(
      fc.integer({ min: 1, max: 90 }),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 2, max: 9 }),
    );
    fc.assert(
      fc.property(shape, ([n, d, k]) => {
        const [got = {}, want = {}] = allAnswers(n, d, k);
        return Object.entries(want).every(([name, v]) => relativeError(got[name] ?? new Float64Array(0), v) < FAST);
      }),
      { seed: 1, numRuns: 60 },
    );
  });
});

describe("derivatives", () => {
  const problem = kernelCase(400, 19, 5);
  const { k, d, weights, bias, direction, labels, shift } = problem;
  const features = createFeatures(wasm, problem);
  const kernels = wasm.bind(features, { labels, classes: k });
  const gradient = new Float64Array(k * d);
  const biasGradient = new Float64Array(k);
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * (b[i] ?? 0), 0);
  const moved = (t: number): Float64Array => weights.map((w, i) => w + t * (direction[i] ?? 0));

  test("the exact gradient is the slope of the exact loss", () => {
    const z = kernels.createMargins();
    const lossAt = (t: number): number => {
      kernels.forwardExact(moved(t), bias, z);
      return kernels.score(z).loss;
    };
    const h = 1e-5;
    const slope = (lossAt(h) - lossAt(-h)) / (2 * h);
    kernels.forwardExact(weights, bias, z);
    kernels.backwardExact(z, gradient, biasGradient);
    expect(dot(gradient, direction)).toBeCloseTo(slope, 8);
    kernels.releaseMargins(z);
  });

  test("the Hessian product is the slope of the gradient", () => {
    const z = kernels.createMargins();
    const gradientAt = (t: number): Float64Array => {
      kernels.forwardExact(moved(t), bias, z);
      kernels.backwardExact(z, gradient, biasGradient);
      return gradient.slice();
    };
    const h = 1e-4;
    const ahead = gradientAt(h);
    const behind = gradientAt(-h);
    const slope = ahead.map((v, i) => (v - (behind[i] ?? 0)) / (2 * h));
    kernels.forward(weights, bias, z);
    const product = new Float64Array(k * d);
    kernels.hessianVector(z, direction, new Float64Array(k), product, biasGradient);
    expect(relativeError(product, slope)).toBeLessThan(1e-5);
    kernels.releaseMargins(z);
  });

  test("along a line, slope and curvature are derivatives of the loss", () => {
    const z = kernels.createMargins();
    const line = kernels.createMargins();
    kernels.forwardExact(weights, bias, z);
    kernels.forwardExact(direction, new Float64Array(k), line);
    const h = 1e-4;
    const [behind, here, ahead] = [0.5 - h, 0.5, 0.5 + h].map((t) => kernels.along(z, line, t));
    expect(here?.slope).toBeCloseTo(((ahead?.loss ?? 0) - (behind?.loss ?? 0)) / (2 * h), 6);
    expect(here?.curvature).toBeCloseTo(((ahead?.slope ?? 0) - (behind?.slope ?? 0)) / (2 * h), 6);
  });

  test("a shift changes the margins by its product with the weights", () => {
    const shifted = wasm.bind(features, { labels, classes: k, shift });
    const plain = kernels.createMargins();
    const centred = shifted.createMargins();
    kernels.forward(weights, bias, plain);
    shifted.forward(weights, bias, centred);
    const offsets = Float64Array.from(bias, (_, c) => dot(weights.subarray(c * d, (c + 1) * d), shift));
    shifted.addBias(centred, offsets);
    expect(relativeError(centred.read(), plain.read())).toBeLessThan(1e-6);
  });
});

describe("row-wise sweeps", () => {
  const problem = kernelCase(200, 21, 4);
  const { n, d, k, weights, bias, labels, shift } = problem;
  const features = createFeatures(wasm, problem);
  const kernels = wasm.bind(features, { labels, classes: k, shift });
  const empty = () => ({
    residuals: new Float64Array(n * k),
    gradient: new Float64Array(k * d),
    biasGradient: new Float64Array(k),
    seen: new Uint8Array(n),
    columnScaleSquare: new Float64Array(d).fill(1),
  });
  const all = Int32Array.from({ length: n }, (_, i) => i);

  test("with rate 0, sag fills its memory with residuals and the gradient sum", () => {
    const sweep = { ...rowSweepOf(problem, "sag", 1), ...empty(), order: all, learningRate: 0 };
    const loss = kernels.rowSweep(sweep);
    const gradient = new Float64Array(k * d);
    const biasGradient = new Float64Array(k);
    expect(loss).toBeCloseTo(kernels.valueAndGradient(weights, bias, gradient, biasGradient), 6);
    expect(
      relativeError(
        sweep.gradient.map((g) => g / n),
        gradient,
      ),
    ).toBeLessThan(3e-6);
    expect(
      relativeError(
        sweep.biasGradient.map((g) => g / n),
        biasGradient,
      ),
    ).toBeLessThan(3e-6);
    expect(sweep.weights).toEqual(weights);
    expect(sweep.seen).toEqual(new Uint8Array(n).fill(1));
  });

  test("svrg and saga from a full snapshot take the full gradient's step when the batch is all rows", () => {
    const filled = { ...rowSweepOf(problem, "sag", 1), ...empty(), order: all, learningRate: 0 };
    kernels.rowSweep(filled);
    const gradient = new Float64Array(k * d);
    kernels.valueAndGradient(weights, bias, gradient, new Float64Array(k));
    const want = weights.map((w, i) => w - 0.5 * ((gradient[i] ?? 0) + (filled.penalty[i % d] ?? 0) * w));
    for (const method of ["saga", "svrg"] as const) {
      const divisor = method === "svrg" ? n : 1;
      const sweep = {
        ...filled,
        method,
        weights: weights.slice(),
        bias: bias.slice(),
        gradient: filled.gradient.map((g) => g / divisor),
        biasGradient: filled.biasGradient.map((g) => g / divisor),
        residuals: filled.residuals.slice(),
        batch: n,
        learningRate: 0.5,
      };
      kernels.rowSweep(sweep);
      expect(relativeError(sweep.weights, want), method).toBeLessThan(3e-6);
    }
  });

  test("the line search finds the reference's L, and with it the reference's weights", () => {
    const exact = reference.bind(createFeatures(reference, problem), { labels, classes: k, shift });
    const [fast, slow] = [kernels, exact].map((side) => {
      const sweep = { ...rowSweepOf(problem, "sag", 1), ...empty(), order: all, lineSearch: { lipschitz: 0.01 } };
      side.rowSweep(sweep);
      return sweep;
    });
    expect(fast?.lineSearch.lipschitz).toBeCloseTo(slow?.lineSearch.lipschitz ?? 0, 9);
    expect(slow?.lineSearch.lipschitz).toBeGreaterThan(1);
    expect(relativeError(fast?.weights ?? weights, slow?.weights ?? weights)).toBeLessThan(1e-5);
  });
});

describe("softmax in float64", () => {
  const labels = Int32Array.of(0, 1, 2, 0);
  const features = createFeatures(wasm, { n: 4, d: 1, x: new Float32Array(4) });
  const kernels = wasm.bind(features, { labels, classes: 3 });
  const z = kernels.createMargins();

  test("probabilities are within a few units in the last place, from 1 to e^-700", () => {
    z.write(Float64Array.of(0, -1e-9, -0.5, 3, -10, -100, -700, 0, -650, 30, 30, 29));
    const exp = [0, -1e-9, -0.5, 0, -13, -103, -700, 0, -650, 0, 0, -1].map(Math.exp);
    const got = kernels.probabilities(z);
    for (let i = 0; i < 12; i += 3) {
      const sum = (exp[i] ?? 0) + (exp[i + 1] ?? 0) + (exp[i + 2] ?? 0);
      for (let c = 0; c < 3; c++) {
        const want = (exp[i + c] ?? 0) / sum;
        expect(Math.abs((got[i + c] ?? 0) / want - 1)).toBeLessThan(1e-15);
      }
    }
  });

  test("margins of a thousand neither overflow nor lose the loss", () => {
    z.write(Float64Array.of(1000, 0, -1000, 1000, 0, 0, 0, 0, -1e6, 0, 0, 0));
    // losses: 0, 1000, 1e6 + log 2, log 3
    const { loss, errors } = kernels.score(z);
    expect(loss).toBeCloseTo((1000 + 1e6 + Math.log(2) + Math.log(3)) / 4, 9);
    expect(errors).toBe(2);
  });

  test("a residual too small for float32 is zero in the fast gradient, and itself in the exact one", () => {
    const one = createFeatures(wasm, { n: 1, d: 1, x: Float32Array.of(1) });
    const single = wasm.bind(one, { labels: Int32Array.of(0), classes: 3 });
    const margins = single.createMargins();
    margins.write(Float64Array.of(100, 0, 0));
    const gradient = new Float64Array(3);
    single.backward(margins, gradient, new Float64Array(3));
    expect([...gradient].map(Math.abs)).toEqual([0, 0, 0]);
    single.backwardExact(margins, gradient, new Float64Array(3));
    expect((gradient[1] ?? 0) / Math.exp(-100)).toBeCloseTo(1, 12);
  });

  test("a margin that is not a number makes the loss not a number", () => {
    z.write(Float64Array.of(Number.NaN, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect(kernels.score(z).loss).toBeNaN();
    expect(kernels.along(z, z, 0).loss).toBeNaN();
  });

  // Rows of ten margins have code of their own (assembly/five-vectors.ts).
  test.each([0, 1, 7])("and so it is among ten classes, in class %d", (c) => {
    const ten = wasm.bind(createFeatures(wasm, { n: 1, d: 1, x: Float32Array.of(1) }), {
      labels: Int32Array.of(4),
      classes: 10,
    });
    const margins = ten.createMargins();
    margins.write(Float64Array.from({ length: 10 }, (_, at) => (at === c ? Number.NaN : at)));
    const gradient = new Float64Array(10);
    expect(ten.along(margins, margins, 0).loss).toBeNaN();
    for (const name of ["backward", "backwardExact"] as const) {
      expect(ten[name](margins, gradient, new Float64Array(10))).toBeNaN();
      expect(gradient.every(Number.isNaN)).toBe(true);
    }
  });
});

describe("a dense layer with a leaky rectifier", () => {
  test.each([
    [40, 7, 5],
    [100, 128, 128],
    [31, 13, 30],
  ])("%i rows from %i to %i", (n, d, outputs) => {
    const problem = kernelCase(n, d, 2);
    const features = createFeatures(wasm, problem);
    const weights = Float32Array.from({ length: d * outputs }, (_, i) => Math.sin(i));
    const layer = wasm.denseLeakyRelu(features, weights, outputs, 0.5);
    const want = new Float64Array(n * outputs);
    let norms = 0;
    for (let i = 0; i < n; i++) {
      let square = 0;
      for (let o = 0; o < outputs; o++) {
        let h = 0;
        for (let j = 0; j < d; j++) h += (problem.x[i * d + j] ?? 0) * (weights[j * outputs + o] ?? 0);
        want[i * outputs + o] = Math.max(h, 0.5 * h);
        square += Math.max(h, 0.5 * h) ** 2;
      }
      norms += Math.sqrt(square) / n;
    }
    const got = layer.readRows(Array.from({ length: n }, (_, i) => i));
    expect(relativeError(Float64Array.from(got), want)).toBeLessThan(2e-6);
    expect(wasm.meanRowNorm(layer) / norms).toBeCloseTo(1, 6);
    expect(layer.moments().mean[outputs - 1]).toBeCloseTo(
      want.filter((_, i) => i % outputs === outputs - 1).reduce((a, b) => a + b, 0) / n,
      4,
    );
    layer.release();
    features.release();
  });
});

describe("rows of a weighted sample", () => {
  test.each([1, 6, 7, 8, 129])("%d columns: each number is that of float64, rounded once", (cols) => {
    const problem = kernelCase(50, cols, 2);
    const rows = Int32Array.from([49, 0, 7, 7, 31]);
    const weights = Float64Array.from([0.3, 0, 2, 1e-7, 11]);
    const shift = Float64Array.from({ length: cols }, (_, j) => Math.fround(0.1 + j / 7));
    const scale = Float64Array.from({ length: cols }, (_, j) => (j % 5 === 4 ? 0 : 1 / (1 + j)));
    const want = [...rows].flatMap((row, i) => [
      ...Array.from({ length: cols }, (_, j) =>
        Math.fround(Math.sqrt(weights[i]!) * (problem.x[row * cols + j]! - shift[j]!) * scale[j]!),
      ),
      Math.fround(Math.sqrt(weights[i]!)),
    ]);
    for (const [runtime, storage] of [
      [wasm, "memory"],
      [wasm, "buffer"],
      [reference, "memory"],
    ] as const) {
      const features = createFeatures(runtime, problem, { storage });
      const made = runtime.weightedRows(features, { rows, weights, shift, scale });
      expect(made.cols).toBe(cols + 1);
      expect([...made.readRows([0, 1, 2, 3, 4])].map((x) => x + 0)).toEqual(want.map((x) => x + 0)); // no -0
      const outside = { rows: Int32Array.of(50), weights, shift, scale };
      expect(() => runtime.weightedRows(features, outside)).toThrow("rows are 0..49");
      made.release();
      features.release();
    }
  });
});

describe("a rectifier alone", () => {
  const meanOf = (x: Float32Array): number => x.reduce((sum, value) => sum + value, 0) / x.length;

  test.each(["memory", "buffer"] as const)("in %s: max(x, 0) in the place of x", (storage) => {
    const problem = kernelCase(2000, 7, 2);
    const features = createFeatures(wasm, problem, { storage });
    expect(features.moments().mean[3]).toBeCloseTo(meanOf(problem.x.filter((_, at) => at % 7 === 3)), 9);
    const after = wasm.rectified(features);
    const all = Array.from({ length: 2000 }, (_, i) => i);
    const want = problem.x.map((x) => Math.max(x, 0));
    expect(want).not.toEqual(problem.x);
    expect(after.readRows(all)).toEqual(want);
    expect(after.moments().mean[3]).toBeCloseTo(meanOf(want.filter((_, at) => at % 7 === 3)), 9);
    expect(() => features.readRows([0])).toThrow("not released");
    features.release(); // does nothing
    expect(after.readRows([0])).toHaveLength(7);
    after.release();
  });

  test("files are refused and stay as they are", () => {
    const folder = mkdtempSync(join(tmpdir(), "probes-rectified-"));
    const problem = kernelCase(20, 5, 2);
    const features = createFeatures(wasm, problem, { storage: "file", path: join(folder, "x") });
    expect(() => wasm.rectified(features)).toThrow('rectified: features must lie in memory or in buffers, got "file"');
    expect(features.readRows([3])).toEqual(problem.x.subarray(15, 20));
    features.release();
    rmSync(folder, { recursive: true });
  });
});

describe("merged columns", () => {
  test.each(["memory", "buffer"] as const)("are scaled sums, of features in %s", (storage) => {
    const problem = kernelCase(700, 9, 2);
    const features = createFeatures(wasm, problem, { storage });
    const groups = [[0, 5, 8], [1], [7, 2], [6, 3, 4]].map((columns) => Int32Array.from(columns));
    const merged = wasm.mergedColumns(features, groups);
    expect(merged).toMatchObject({ rows: 700, cols: 4 });
    const got = merged.readRows(Array.from({ length: 700 }, (_, i) => i));
    for (let i = 0; i < 700; i++) {
      for (const [g, columns] of groups.entries()) {
        const sum = columns.reduce((total, column) => total + problem.x[i * 9 + column]!, 0);
        expect(got[i * 4 + g]! - sum / Math.sqrt(columns.length)).toBeCloseTo(0, 5);
      }
    }
    merged.release();
    features.release();
  });

  test("groups that leave a column out, share one or are empty are refused", () => {
    const features = createFeatures(wasm, kernelCase(20, 3, 2));
    const merge = (...groups: number[][]) =>
      wasm.mergedColumns(
        features,
        groups.map((columns) => Int32Array.from(columns)),
      );
    expect(() => merge([0], [2])).toThrow('groups: every column must be in one, got "none with column 1"');
    expect(() => merge([0, 1], [1, 2])).toThrow("groups, group 1: a column must be in one group, got 1");
    expect(() => merge([0, 1, 2], [])).toThrow('groups, group 1: must have columns, got "none"');
    expect(() => merge([0, 1, 3])).toThrow("groups, group 0: columns are 0..2, got 3");
    features.release();
  });
});
