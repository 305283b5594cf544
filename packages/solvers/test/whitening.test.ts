/** @file Whitening: the same problem in other coordinates, and far fewer passes where columns are ill-conditioned. */
import {
  certifiedGap,
  createDerived,
  createOracle,
  createWasmRuntime,
  dot,
  fit,
  passBudget,
  rootStream,
  stepBudget,
  type FitResult,
  type ProbeProblem,
  type Runtime,
  type Solver,
} from "@linear-probes/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fitPath, lbfgs, rmsprop, sag, saga, svrg } from "../src/index.ts";
import { buildProblem, noisyArgmax } from "./problems.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await createWasmRuntime({ threads: 1 });
});
afterAll(() => runtime.dispose());

const [rows, cols, classes] = [2000, 30, 4];

/** Columns of scales over two decades, then mixed, so that no scaling of columns helps; away from zero. */
function illConditioned(l2 = 1e-4): ProbeProblem {
  const data: Parameters<typeof buildProblem>[1]["data"] = (stream) => {
    const { x, y } = noisyArgmax(rows, cols, classes, (column) => 10 ** ((-2 * column) / (cols - 1)))(stream);
    const mix = Float64Array.from({ length: cols * cols }, () => stream.normal() / Math.sqrt(cols));
    const mixed = x.map((_, at) => {
      const [i, j] = [Math.floor(at / cols), at % cols];
      let sum = 1;
      for (let c = 0; c < cols; c++) sum += x[i * cols + c]! * mix[c * cols + j]!;
      return sum;
    });
    return { x: mixed, y };
  };
  return buildProblem(runtime, { name: "mixed", source: "", rows, cols, classes, l2, scaling: "standardize", data });
}

function solve(problem: ProbeProblem, solver: Solver, passes: number): FitResult {
  const stop = [certifiedGap({ relative: 1e-6 }), passBudget(passes)];
  return fit(runtime, problem, solver, { stream: rootStream("whitening"), stop });
}

test("the objective, its gradient along any direction, and a probe there and back are the same", () => {
  const problem = illConditioned();
  const derived = createDerived();
  const [plain, whitened] = [
    createOracle(runtime, problem, "centred", derived),
    createOracle(runtime, problem, "whitened", derived),
  ];
  expect([plain.passes, whitened.passes]).toEqual([0, 200 / rows + 1 / 2]); // S from a tenth of the rows, and the copy
  const stream = rootStream("theta");
  const random = (): Float64Array => Float64Array.from({ length: plain.dimension }, () => stream.normal());
  const [theta, direction] = [random(), random()];
  const turn = (values: Float64Array): Float64Array => whitened.fromProbe(plain.toProbe(values));
  const slope = (oracle: typeof plain, at: Float64Array, along: Float64Array) => {
    const gradient = new Float64Array(oracle.dimension);
    const value = oracle.valueAndGradient(at, gradient);
    return { value, change: dot(gradient, along), size: Math.sqrt(dot(gradient, gradient) * dot(along, along)) };
  };
  const one = slope(plain, theta, direction);
  const other = slope(whitened, turn(theta), turn(direction));
  expect(Math.abs(other.value / one.value - 1)).toBeLessThan(1e-6);
  expect(Math.abs(other.change - one.change)).toBeLessThan(1e-6 * one.size);
  const back = plain.fromProbe(whitened.toProbe(turn(theta)));
  for (const [at, weight] of theta.entries()) expect(back[at]).toBeCloseTo(weight, 5);
  derived.release();
});

describe("passes to a certified 1e-6 on an ill-conditioned problem", () => {
  test.each([
    ["sag", sag],
    ["saga", saga],
    ["svrg", svrg],
  ] as const)("%s: a tenth at most, with what whitening takes", (_, make) => {
    const problem = illConditioned();
    const whitened = solve(problem, make({ whitened: true }), 200);
    expect(whitened.status, whitened.reason).toBe("converged");
    const plain = solve(problem, make(), 10 * whitened.passes);
    expect(plain.status).toBe("pass-budget");
    const best = solve(problem, lbfgs(), 200).certificate;
    expect(whitened.certificate.objective).toBeGreaterThanOrEqual(best.objective - best.dualityGap);
    expect(whitened.certificate.objective - whitened.certificate.dualityGap).toBeLessThanOrEqual(best.objective);
  });

  test("rmsprop, which certifies nothing: less than half as far from the optimum after 200 passes", () => {
    const problem = illConditioned();
    const least = solve(problem, lbfgs(), 200).certificate.objective;
    const [plain = 0, whitened = 0] = [false, true].map(
      (on) => solve(problem, rmsprop({ whitened: on }), 200).certificate.objective - least,
    );
    expect(whitened).toBeLessThan(plain / 2);
  });
});

test("a path of l2 pays for whitening once", () => {
  const { train, scaling } = illConditioned();
  const options = { l2: [1e-2, 1e-3], stop: [stepBudget(3)], stream: rootStream("path") };
  const validation = { ...train, role: "validation" as const };
  const { points } = fitPath(runtime, { train, validation, scaling }, saga({ whitened: true }), options);
  expect(points.map(({ fit }) => fit.passes)).toEqual([0.6 + 0.5 + 3, 0.5 + 3]); // half a pass for L
});

test("more columns than an eigensystem is worth: a reason", () => {
  const data = noisyArgmax(4, 1025, 2, () => 1);
  const shape = { name: "wide", source: "", rows: 4, cols: 1025, classes: 2, l2: 1, scaling: "none" as const, data };
  const { status, reason, passes } = solve(buildProblem(runtime, shape), saga({ whitened: true }), 1);
  expect([status, passes]).toEqual(["unsupported", 0]);
  expect(reason).toBe("1025 columns are more than the 1024 that can be whitened: use lbfgs.");
});
