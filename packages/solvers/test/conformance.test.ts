/** @file The contract of solver.ts over every solver × every problem of the catalogue, on both back ends. */
import {
  certifiedGap,
  createDerived,
  createOracle,
  createReferenceRuntime,
  createWasmRuntime,
  fit,
  freezeState,
  passBudget,
  rootStream,
  thawState,
  type Features,
  type FitResult,
  type MinibatchSweep,
  type ProblemKernels,
  type RowSweep,
  type Runtime,
  type Solver,
} from "@linear-probes/core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { buildProblem, problems, type CatalogueProblem } from "./problems.ts";
import { contestants, makeSolver, noClaim, PASSES, solverNames } from "./solvers.ts";

vi.setConfig({ testTimeout: 60_000 }); // a busy machine is no failure

const TOLERANCE = 1e-6;
const stream = rootStream("conformance");

function solve(
  runtime: Runtime,
  problem: CatalogueProblem,
  solver: Solver,
  { relative = TOLERANCE, built = buildProblem(runtime, problem) } = {},
): FitResult {
  const stop = [certifiedGap({ relative }), passBudget(PASSES)];
  return fit(runtime, built, solver, { stream: stream.split(problem.name), stop });
}

const firstRuns = new Map<string, FitResult>();

/** The solution that the tests of one contestant share. */
function firstRun(runtime: Runtime, problem: CatalogueProblem, contestant: string): FitResult {
  const key = JSON.stringify([runtime.backend, problem.name, contestant]);
  const result = firstRuns.get(key) ?? solve(runtime, problem, makeSolver(contestant));
  firstRuns.set(key, result);
  return result;
}

/** Passes that the kernels themselves were asked for, by the rule: forward ½, backward ½, Hessian product 1, rows m/n. */
function countingRuntime(runtime: Runtime): { runtime: Runtime; used: () => number } {
  let used = 0;
  const bind: Runtime["bind"] = (features, binding) => {
    const kernels = runtime.bind(features, binding);
    // Operators bind labels of zeros; they are not X.
    if (binding.labels.every((label) => label === 0)) return kernels;
    const counted = (cost: Partial<Record<keyof ProblemKernels, (...given: never[]) => number>>): ProblemKernels =>
      new Proxy(kernels, {
        get(target, key: keyof ProblemKernels) {
          const value = target[key];
          const price = cost[key];
          if (typeof value !== "function" || price === undefined) return value;
          return (...given: never[]): unknown => {
            used += price(...given);
            return Reflect.apply(value, target, given);
          };
        },
      });
    return counted({
      forward: () => 0.5,
      backward: () => 0.5,
      valueAndGradient: () => 1,
      hessianVector: () => 1,
      gram: (rows?: Int32Array) => (rows?.length ?? kernels.rows) / kernels.rows,
      rmspropEpoch: (sweep: MinibatchSweep) => sweep.order.length / kernels.rows,
      rowSweep: (sweep: RowSweep) => sweep.order.length / kernels.rows,
    });
  };
  const createFeatures: Runtime["createFeatures"] = (options) => {
    const writer = runtime.createFeatures(options);
    const finish = (): Features => {
      const features = writer.finish();
      const readRows = features.readRows.bind(features);
      const counted = (rows: ArrayLike<number>): Float32Array => {
        used += rows.length / (2 * features.rows);
        return readRows(rows);
      };
      return Object.assign(features, { readRows: counted });
    };
    return { ...writer, finish };
  };
  return { runtime: { ...runtime, bind, createFeatures }, used: () => used };
}

test("every file in the directory is exported, and named as its solver", () => {
  for (const name of solverNames) expect(makeSolver(name).name).toBe(name);
});

test.each(contestants)("%s: says where it comes from and what its settings are", (name) => {
  const { source, settings } = makeSolver(name);
  expect(source).toMatch(/\d{4}/);
  for (const value of Object.values(settings)) expect(["number", "string", "boolean"]).toContain(typeof value);
});

describe.each(["reference", "wasm"] as const)("%s", (backend) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = backend === "wasm" ? await createWasmRuntime({ threads: 1 }) : createReferenceRuntime();
  });
  afterAll(() => runtime.dispose());

  describe.each(contestants)("%s", (name) => {
    test.each(problems)("$name: certified, and the optimum known otherwise agrees", (problem) => {
      const result = firstRun(runtime, problem, name);
      if (result.status === "unsupported") {
        expect(result.reason).not.toBe("");
        return;
      }
      const { objective, dualityGap } = result.certificate;
      if (noClaim[name] === undefined && noClaim[`${name}/${problem.name}`] === undefined) {
        expect(result.status, result.reason).toBe("converged");
        expect(result.certificate.relativeGap).toBeLessThanOrEqual(TOLERANCE);
      }
      const best = referenceOptimum(problem);
      expect(objective).toBeGreaterThanOrEqual(best.low - 1e-14);
      expect(objective - dualityGap).toBeLessThanOrEqual(best.high + 1e-14);
    });

    test("two runs give the same bits, and the inputs are as they were", () => {
      const problem = problemNamed("ten-classes");
      const built = buildProblem(runtime, problem);
      const rows = Array.from({ length: problem.rows }, (_, i) => i);
      const before = { x: built.train.features.readRows(rows), y: built.train.labels.slice() };
      expect(solve(runtime, problem, makeSolver(name), { built })).toEqual(firstRun(runtime, problem, name));
      expect(built.train.features.readRows(rows)).toEqual(before.x);
      expect(built.train.labels).toEqual(before.y);
    });

    test("passes are counted exactly and never fall; the start is left alone", () => {
      const problem = problemNamed("binary");
      const { runtime: counting, used } = countingRuntime(runtime);
      const solver = makeSolver(name);
      const oracle = createOracle(
        counting,
        buildProblem(counting, problem),
        solver.coordinates ?? "centred",
        createDerived(),
      );
      const start = new Float64Array(oracle.dimension).fill(0.01);
      let state = solver.init(oracle, start.slice(), stream);
      expect(state.theta).toEqual(start);
      for (let step = 0; step < 6 && state.stalled === undefined; step++) {
        const before = oracle.passes;
        state = solver.step(oracle, state);
        if (state.stalled === undefined) expect(oracle.passes).toBeGreaterThan(before);
        expect(oracle.passes).toBeCloseTo(used(), 10);
        expect(oracle.rowGradients).toBeCloseTo(oracle.passes * problem.rows, 6);
      }
      solver.release?.(oracle, state);
    });

    test("a state frozen, sent elsewhere and thawed continues with the same bits", () => {
      const problem = buildProblem(runtime, problemNamed("ten-classes"));
      const solver = makeSolver(name);
      const coordinates = solver.coordinates ?? "centred";
      const oracle = createOracle(runtime, problem, coordinates, createDerived());
      const elsewhere = createOracle(runtime, problem, coordinates, createDerived());
      let state = solver.init(oracle, new Float64Array(oracle.dimension), stream);
      for (let step = 0; step < 3; step++) state = solver.step(oracle, state);
      let other = thawState(solver, elsewhere, structuredClone(freezeState(state)));
      for (let step = 0; step < 3; step++) state = solver.step(oracle, state);
      for (let step = 0; step < 3; step++) other = solver.step(elsewhere, other);
      expect(other.theta).toEqual(state.theta);
      solver.release?.(oracle, state);
      solver.release?.(elsewhere, other);
    });
  });
});

function problemNamed(name: string): CatalogueProblem {
  const found = problems.find((problem) => problem.name === name);
  if (found === undefined) throw new Error(`no problem ${name}`);
  return found;
}

const optima = new Map<string, { readonly low: number; readonly high: number }>();

/** F* in closed form, or bracketed by a certified float64 Newton solution. */
function referenceOptimum(problem: CatalogueProblem): { readonly low: number; readonly high: number } {
  if (problem.optimum !== undefined) return { low: problem.optimum, high: problem.optimum };
  const known = optima.get(problem.name);
  if (known !== undefined) return known;
  const { certificate } = solve(createReferenceRuntime(), problem, makeSolver("newton-cholesky"), { relative: 1e-12 });
  const bracket = { low: certificate.objective - certificate.dualityGap, high: certificate.objective };
  optima.set(problem.name, bracket);
  return bracket;
}

test("newton-cholesky with too many unknowns gives a reason, not an exception", () => {
  const [rows, cols] = [4, 1600];
  const data: CatalogueProblem["data"] = (draws) => ({
    x: Float32Array.from({ length: rows * cols }, () => draws.normal()),
    y: Int32Array.of(0, 1, 0, 1),
  });
  const problem = { name: "too-wide", source: "", rows, cols, classes: 2, l2: 1, scaling: "none" as const, data };
  const { status, reason, passes } = solve(createReferenceRuntime(), problem, makeSolver("newton-cholesky"));
  expect([status, passes]).toEqual(["unsupported", 0]);
  expect(reason).toBe("(k-1)(d+1) = 1601 unknowns are more than 1500: use lbfgs.");
});
