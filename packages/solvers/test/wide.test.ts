/** @file The preconditioner beyond the reach of a Gram matrix: S kept by sampled rows (parts/second-moments.ts). */
import {
  certifiedGap,
  createDerived,
  createOracle,
  createWasmRuntime,
  fit,
  passBudget,
  rootStream,
  type FitResult,
} from "@linear-probes/core";
import { expect, test } from "vitest";
import { lbfgs } from "../src/index.ts";
import { secondMoments } from "../src/parts/second-moments.ts";
import { buildProblem, noisyArgmax } from "./problems.ts";

test("1,100 columns: certified to 1e-6, in less than half the passes of plain L-BFGS", async () => {
  const runtime = await createWasmRuntime({ threads: 1 });
  const [rows, cols] = [1500, 1100];
  const data = noisyArgmax(rows, cols, 3, (column) => 2 / (1 + column / 20));
  const problem = buildProblem(runtime, {
    name: "wide",
    source: "noisy argmax, column scales falling like 1/j",
    rows,
    cols,
    classes: 3,
    l2: 1e-3,
    scaling: "none",
    data,
  });
  const solve = (preconditioned: boolean): FitResult =>
    fit(runtime, problem, lbfgs({ preconditioned }), {
      stream: rootStream("wide"),
      stop: [certifiedGap({ relative: 1e-6 }), passBudget(500)],
    });
  const preconditioned = solve(true);
  const plain = solve(false);
  expect(preconditioned.status).toBe("converged");
  expect(plain.status).toBe("converged");
  expect(preconditioned.passes).toBeLessThan(plain.passes / 2);
  const [low, high] = [
    plain.certificate.objective - plain.certificate.dualityGap,
    preconditioned.certificate.objective,
  ];
  expect(high).toBeGreaterThanOrEqual(low);
  await runtime.dispose();
}, 60_000);

test("fewer rows than columns: kept by its rows, S is exact", async () => {
  const runtime = await createWasmRuntime({ threads: 1 });
  const [rows, cols, classes, l2] = [20, 60, 3, 1e-2];
  const data = noisyArgmax(rows, cols, classes, () => 1);
  const shape = { rows, cols, classes, l2, scaling: "center" as const };
  const problem = buildProblem(runtime, { name: "few-rows", source: "noisy argmax", ...shape, data });
  const derived = createDerived();
  const oracle = createOracle(runtime, problem, "centred", derived);
  const stream = rootStream("few-rows").split("v");
  const v = Float64Array.from({ length: classes * cols }, () => stream.normal());
  const lambda = Float64Array.of(0, 0.3, 1);
  const solved = secondMoments(oracle).solve(lambda, l2, v);
  const s = oracle.gram();
  for (let c = 0; c < classes; c++) {
    for (let i = 0; i < cols; i++) {
      let product = l2 * solved[c * cols + i]!;
      for (let j = 0; j < cols; j++) product += lambda[c]! * s[i * cols + j]! * solved[c * cols + j]!;
      expect(Math.abs(product - v[c * cols + i]!)).toBeLessThan(1e-4);
    }
  }
  derived.release();
  await runtime.dispose();
});
