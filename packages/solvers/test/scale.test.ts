/** @file Where the shape changes how things are done: threads, and many classes. */
import {
  certifiedGap,
  createWasmRuntime,
  fit,
  passBudget,
  rootStream,
  type FitResult,
  type Runtime,
  type Solver,
} from "@linear-probes/core";
import { expect, test } from "vitest";
import { buildProblem, noisyArgmax, type CatalogueProblem } from "./problems.ts";
import { lbfgs } from "../src/index.ts";
import { contestants, makeSolver } from "./solvers.ts";

function solve(runtime: Runtime, problem: CatalogueProblem, solver: Solver, passes: number): FitResult {
  const stop = [certifiedGap({ relative: 1e-6 }), passBudget(passes)];
  return fit(runtime, buildProblem(runtime, problem), solver, { stream: rootStream("scale"), stop });
}

test.each(contestants)(
  "%s: one thread and two give the same bits",
  async (name) => {
    const [rows, cols, classes] = [5000, 40, 5];
    const data = noisyArgmax(rows, cols, classes, (column) => 1 / (1 + column));
    const problem = {
      name: "threads",
      source: "",
      rows,
      cols,
      classes,
      l2: 1e-3,
      scaling: "standardize" as const,
      data,
    };
    const [one, two] = [await createWasmRuntime({ threads: 1 }), await createWasmRuntime({ threads: 2 })];
    expect(solve(two, problem, makeSolver(name), 5)).toEqual(solve(one, problem, makeSolver(name), 5));
    await one.dispose();
    await two.dispose();
  },
  60_000,
);

test("beyond a hundred classes the preconditioner is diagonal over classes, and still saves passes", async () => {
  const runtime = await createWasmRuntime({ threads: 1 });
  const [rows, cols, classes] = [600, 40, 110];
  const data = noisyArgmax(rows, cols, classes, (column) => 1 / (1 + column / 10));
  const problem = { name: "many", source: "", rows, cols, classes, l2: 1e-4, scaling: "none" as const, data };
  const preconditioned = solve(runtime, problem, lbfgs(), 400);
  const plain = solve(runtime, problem, lbfgs({ preconditioned: false }), 400);
  expect(preconditioned.status, preconditioned.reason).toBe("converged");
  expect(preconditioned.passes).toBeLessThan(plain.passes);
  await runtime.dispose();
}, 60_000);
