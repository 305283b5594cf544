/** @file The sampled Hessian: exact where the sample is all rows, and what it saves where few rows carry the curvature. */
import {
  certifiedGap,
  createOracle,
  createWasmRuntime,
  fit,
  passBudget,
  createReferenceRuntime,
  type LinearProbe,
  type Oracle,
  rootStream,
  type Runtime,
  type Stream,
} from "@linear-probes/core";
import { expect, test } from "vitest";
import { lbfgs } from "../src/index.ts";
import { drawHessianSample, type HessianSample, sampledHessianSolve } from "../src/parts/sampled-hessian.ts";
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

/** Σ over edges (i, a, b) of ω (eₐ - eᵦ)(eₐ - eᵦ)ᵀ ⊗ (x̃ᵢ; 1)(x̃ᵢ; 1)ᵀ v, and l2 times its weights. */
function sampleTimes(oracle: Oracle, { rows, weights, ends }: HessianSample, v: Float64Array): Float64Array {
  const { classes: k, cols: d, l2 } = oracle;
  const x = oracle.sampleRows(rows);
  const out = v.map((value, at) => (at < k * d ? l2 * value : 0));
  let pair = 0;
  for (let a = 1; a < k; a++) {
    for (let b = 0; b < a; b++, pair++) {
      for (let at = pair === 0 ? 0 : ends[pair - 1]!; at < ends[pair]!; at++) {
        let between = v[k * d + a]! - v[k * d + b]!;
        for (let j = 0; j < d; j++) between += (v[a * d + j]! - v[b * d + j]!) * x[at * d + j]!;
        for (const [c, by] of [
          [a, weights[at]! * between],
          [b, -weights[at]! * between],
        ] as const) {
          for (let j = 0; j < d; j++) out[c * d + j]! += by * x[at * d + j]!;
          out[k * d + c]! += by;
        }
      }
    }
  }
  return out;
}

const greatest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

test("solving undoes the sample's Hessian, which with all edges is the Hessian", () => {
  const oracle = createOracle(
    createReferenceRuntime(),
    buildProblem(createReferenceRuntime(), shape(60, 5, 3, 0.5)),
    "centred",
  );
  const stream = rootStream("identity");
  const theta = Float64Array.from({ length: oracle.dimension }, () => stream.normal());
  const margins = oracle.createMargins();
  oracle.margins(theta, margins);
  const g = new Float64Array(oracle.dimension);
  oracle.gradientAt(margins, theta, g); // its bias part sums to zero, as every gradient's does
  const [few, all] = [60, 90].map((edges) => drawHessianSample(oracle, margins, edges)!);
  expect(few!.rows.length).toBeLessThan(61);
  expect(all!.rows.length).toBe(180); // 3 of each row
  for (const sample of [few!, all!]) {
    const back = sampleTimes(oracle, sample, sampledHessianSolve(oracle, sample, g)!);
    expect(greatest(back.map((value, at) => value - g[at]!)) / greatest(g)).toBeLessThan(1e-4); // rows are float32
  }
  const solved = sampledHessianSolve(oracle, all!, g)!;
  const back = new Float64Array(oracle.dimension);
  oracle.hessianVector(margins, solved, back);
  expect(greatest(back.map((value, at) => value - g[at]!)) / greatest(g)).toBeLessThan(1e-4);
});

test("edges are drawn as often as rows lie between their classes", async () => {
  const runtime = await createWasmRuntime({ threads: 1 });
  const oracle = createOracle(runtime, buildProblem(runtime, shape(8000, 6, 4, 0.1)), "centred");
  const margins = oracle.createMargins();
  const start = new Float64Array(oracle.dimension).map((_, at) => (at % 7) - 3);
  oracle.margins(start, margins);
  for (const size of [4000, 20_000]) {
    const { weights, ends } = drawHessianSample(oracle, margins, size)!;
    const p = oracle.probabilities(margins);
    let pair = 0;
    for (let a = 1; a < 4; a++) {
      for (let b = 0; b < a; b++, pair++) {
        let mean = 0;
        for (let i = 0; i < 8000; i++) mean += (p[i * 4 + a]! * p[i * 4 + b]!) / 8000;
        let sampled = 0;
        for (let at = pair === 0 ? 0 : ends[pair - 1]!; at < ends[pair]!; at++) sampled += weights[at]!;
        // Three standard errors of as many independent draws.
        expect(Math.abs(sampled - mean)).toBeLessThan(3 * Math.sqrt(mean * greatest(weights)));
      }
    }
    expect(size - weights.length).toBeLessThan(2);
    const uncertain = oracle.uncertainties(margins);
    const total = uncertain.reduce((sum, value) => sum + value, 0) / 2 / 8000;
    expect(weights.reduce((sum, weight) => sum + weight, 0) / total).toBeCloseTo(1, 3);
  }
  await runtime.dispose();
});

test("where every row is sure there is nothing to sample", () => {
  const runtime = createReferenceRuntime();
  const oracle = createOracle(runtime, buildProblem(runtime, shape(60, 5, 3, 0.5)), "as-declared");
  const margins = oracle.createMargins();
  margins.write(Float64Array.from({ length: 180 }, (_, at) => (at % 3 === 0 ? 0 : -1000)));
  expect(drawHessianSample(oracle, margins, 100)).toBeUndefined();
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
  // Solved in fewer passes than the factor of 1,349 unknowns would take the time of.
  const easy = shape(2000, 70, 20, 0.5);
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
