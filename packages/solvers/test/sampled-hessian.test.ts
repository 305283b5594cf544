/** @file The sampled Hessian: exact where the sample is all rows, and what it saves where few rows carry the curvature. */
import {
  certifiedGap,
  createOracle,
  createWasmRuntime,
  fit,
  passBudget,
  createReferenceRuntime,
  type LinearProbe,
  rootStream,
  type Runtime,
  type Stream,
} from "@linear-probes/core";
import { expect, test } from "vitest";
import { lbfgs } from "../src/index.ts";
import { drawHessianSample, sampledHessianSolve } from "../src/parts/sampled-hessian.ts";
import { buildProblem, type CatalogueProblem, noisyArgmax } from "./problems.ts";

const shape = (rows: number, cols: number, classes: number, noise: number) => ({
  name: "sampled",
  source: "",
  rows,
  cols,
  classes,
  l2: 1e-6,
  scaling: "none" as const,
  data: noisyArgmax(rows, cols, classes, (column) => 1 / (1 + column), noise),
});

/** Of 20 rows 19 are sure of their class; the other lies between two, and varies along columns where those hardly do. */
function mostlySure(rows: number, cols: number, classes: number) {
  return (stream: Stream) => {
    const x = new Float32Array(rows * cols);
    const y = new Int32Array(rows);
    for (let i = 0; i < rows; i++) {
      const label = i < classes ? i : stream.integer(classes);
      const sure = stream.uniform() < 0.95;
      y[i] = label;
      for (let j = 0; j < cols; j++) x[i * cols + j] = stream.normal() * (j < cols / 2 === sure ? 1 : 0.1);
      x[i * cols + label]! += 4;
      if (!sure) x[i * cols + ((label + 1) % classes)]! += 4;
    }
    return { x, y };
  };
}

test("with every row in the sample it is the Hessian: H(H⁻¹g) = g", () => {
  const oracle = createOracle(
    createReferenceRuntime(),
    buildProblem(createReferenceRuntime(), shape(60, 5, 3, 0.5)),
    "centred",
  );
  const stream = rootStream("identity");
  const theta = Float64Array.from({ length: oracle.dimension }, () => stream.normal());
  const margins = oracle.createMargins();
  oracle.margins(theta, margins);
  const n = oracle.rows;
  const all = {
    rows: Int32Array.from({ length: n }, (_, i) => i),
    weights: new Float64Array(n).fill(1 / n),
    probabilities: oracle.probabilities(margins),
  };
  const g = new Float64Array(oracle.dimension);
  oracle.gradientAt(margins, theta, g); // its bias part sums to zero, as every gradient's does
  const solved = sampledHessianSolve(oracle, all, g) ?? new Float64Array();
  const back = new Float64Array(oracle.dimension);
  oracle.hessianVector(margins, solved, back);
  const scale = g.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const error = back.reduce((most, value, at) => Math.max(most, Math.abs(value - g[at]!)), 0);
  expect(error / scale).toBeLessThan(1e-4); // the sample's rows are float32
});

test("the sample's total curvature is that of all rows, within what a draw can move it", async () => {
  const runtime = await createWasmRuntime({ threads: 1 });
  const oracle = createOracle(runtime, buildProblem(runtime, shape(8000, 6, 4, 0.1)), "centred");
  const margins = oracle.createMargins();
  const start = new Float64Array(oracle.dimension).map((_, at) => (at % 7) - 3);
  oracle.margins(start, margins);
  const { rows, weights, probabilities } = drawHessianSample(oracle, margins, 1000);
  const traceOf = (p: Float64Array, at: number): number =>
    p.subarray(at * 4, at * 4 + 4).reduce((sum, value) => sum - value * value, 1);
  const whole = oracle.probabilities(margins);
  const mean = Array.from({ length: 8000 }, (_, i) => traceOf(whole, i)).reduce((sum, value) => sum + value, 0) / 8000;
  const sampled = weights.reduce((sum, weight, at) => sum + weight * traceOf(probabilities, at), 0);
  // A row's share is the same whichever it is, so that only the number of rows drawn, 1000 ± 1, can be off.
  expect(Math.abs(sampled / mean - 1)).toBeLessThan(0.01);
  expect(new Set(rows).size).toBe(rows.length);
  await runtime.dispose();
});

test("sure of most rows: little more than half the passes to 1e-6, and where a sample would cost more than the fit there is none", async () => {
  const runtime = await createWasmRuntime({ threads: 2 });
  const uneven: CatalogueProblem = { ...shape(20_000, 60, 6, 0), l2: 1e-4, data: mostlySure(20_000, 60, 6) };
  const passes = (runtime: Runtime, sampleAt: number, problem = uneven): number => {
    const stop = [certifiedGap({ relative: 1e-6 }), passBudget(2000)];
    const result = fit(runtime, buildProblem(runtime, problem), lbfgs({ sampleAt }), { stream: rootStream("s"), stop });
    expect(result.status, result.reason).toBe("converged");
    return result.passes;
  };
  expect(passes(runtime, 8)).toBeLessThan(0.6 * passes(runtime, 0));
  // 20 classes, solved in fewer passes than the 190 Gram matrices of their contrasts would take.
  const easy = shape(500, 16, 20, 0.5);
  expect(passes(runtime, 8, easy)).toBe(passes(runtime, 0, easy));
  await runtime.dispose();
}, 60_000);

test("a start nearby: fewer passes where it is, and one far off is found out by the time a first sample is due", async () => {
  const runtime = await createWasmRuntime({ threads: 2 });
  const problem: CatalogueProblem = { ...shape(20_000, 60, 6, 0), l2: 1e-4, data: mostlySure(20_000, 60, 6) };
  const built = buildProblem(runtime, problem);
  const fitted = (relative: number, nearby: boolean, start?: LinearProbe) =>
    fit(runtime, built, lbfgs({ nearby }), {
      stream: rootStream("s"),
      stop: [certifiedGap({ relative }), passBudget(2000)],
      ...(start && { start }),
    });
  const near = fitted(1e-2, false).probe;
  const [sampled, plain] = [fitted(1e-6, true, near), fitted(1e-6, false, near)];
  expect(sampled.status).toBe("converged");
  expect(sampled.passes).toBeLessThan(plain.passes);
  const away = { ...near, weights: near.weights.map((w) => -w) };
  const [misled, cold] = [fitted(1e-6, true, away), fitted(1e-6, false)];
  expect(misled.status).toBe("converged");
  expect(misled.passes).toBeLessThan(2 * cold.passes);
  await runtime.dispose();
}, 60_000);
