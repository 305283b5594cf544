import { createOracle, createWasmRuntime, jacobiEigen, rootStream } from "@linear-probes/core";
import { describe, expect, it } from "vitest";
import { drawSynthetic, type SyntheticShape } from "../../src/compare/parts/synthetic.ts";
import { conditionAtZero, spectrumOf } from "../../src/compare/spectrum.ts";

const runtime = await createWasmRuntime({ threads: 1 });
const shape: SyntheticShape = { rows: 4000, cols: 8, classes: 3, condition: 1000, labels: "sampled" };
const draw = (changes: Partial<SyntheticShape> = {}) =>
  drawSynthetic(
    { ...shape, ...changes },
    { runtime, stream: rootStream("synthetic"), dataDir: undefined, log: () => {} },
  );

describe("drawSynthetic", () => {
  const { train } = draw();
  const oracle = createOracle(runtime, { train, l2: 1, scaling: "none" }, "centred");
  const gram = oracle.gram();
  const eigenvalues = jacobiEigen(gram, shape.cols).values.toSorted((a, b) => b - a);
  const [largest = Number.NaN] = eigenvalues;

  it("draws a covariance of the spectrum asked for, in no particular axes", () => {
    // 4,000 rows estimate an eigenvalue to sqrt(2/4000) = 2 % (one deviation).
    eigenvalues.forEach((value, j) => expect(value / 1000 ** (-j / 7)).toBeCloseTo(1, 0.9));
    const diagonal = gram.filter((_, at) => at % (shape.cols + 1) === 0);
    expect(Math.max(...diagonal) / Math.min(...diagonal)).toBeLessThan(100);
  });

  it("gives the same rows for the same stream, and other rows to test", () => {
    const again = draw();
    expect(again.train.features.hash).toBe(train.features.hash);
    expect(again.dataset).toEqual(draw().dataset);
    expect(again.test.features.hash).not.toBe(train.features.hash);
  });

  it("has the ends of its spectrum found by iteration as by an eigendecomposition", () => {
    const { most, least } = spectrumOf(runtime, train, "none", rootStream("power"));
    // 30 iterations from a random start, from within; products are float32.
    expect(most / largest).toBeGreaterThan(0.97);
    expect(most / largest).toBeLessThan(1 + 1e-6);
    const smallest = eigenvalues.at(-1) ?? Number.NaN;
    expect((least ?? Number.NaN) / smallest).toBeGreaterThan(1 - 1e-6);
    expect((least ?? Number.NaN) / smallest).toBeLessThan(1.03);
  });

  it("is as hard as its condition number where the penalty is small, and no harder than λmax/l2", () => {
    const spectrum = { most: 6, least: 0.006 };
    expect(conditionAtZero(spectrum, 3, 1e-12)).toBeCloseTo(1000, 5);
    expect(conditionAtZero({ most: 6, least: 0 }, 3, 1e-2)).toBeCloseTo(201, 10);
  });
});
