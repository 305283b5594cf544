/** @file The l2 path: every point certified, the choice made on validation rows, and what a warm start saves. */
import {
  certifiedGap,
  createWasmRuntime,
  evaluateOnTest,
  rootStream,
  splitFeatures,
  splitRows,
} from "@linear-probes/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Runtime, Split } from "@linear-probes/core";
import { fitPath, lbfgs, type PathOptions, type PathResult } from "../src/index.ts";
import { buildProblem, noisyArgmax } from "./problems.ts";

const stream = rootStream("path");
const l2 = [1e-5, 1e-2, 1e-4, 1e-3];
let runtime: Runtime;
let split: Split;
beforeAll(async () => {
  runtime = await createWasmRuntime({ threads: 1 });
  const [rows, cols] = [1200, 60];
  const data = noisyArgmax(rows, cols, 4, (column) => 1 / (1 + column / 10), 1);
  const all = buildProblem(runtime, { name: "path", source: "", rows, cols, classes: 4, l2: 1, scaling: "none", data });
  split = splitFeatures(runtime, all.train, splitRows(rows, { train: 600, validation: 300, test: 300 }, stream));
});
afterAll(() => runtime.dispose());

function path(warm: boolean, more: Partial<PathOptions> = {}, solver = lbfgs()): PathResult {
  const { train, validation } = split;
  const stop = [certifiedGap({ relative: 1e-6 })];
  return fitPath(runtime, { train, validation, scaling: "standardize" }, solver, { l2, stop, stream, warm, ...more });
}

test("every point is certified, from the strongest penalty to the weakest", () => {
  const { points, passes } = path(true);
  expect(points.map((point) => point.l2)).toEqual([1e-2, 1e-3, 1e-4, 1e-5]);
  for (const { fit } of points) expect(fit.certificate.relativeGap).toBeLessThanOrEqual(1e-6);
  expect(passes).toBe(points.reduce((sum, { fit }) => sum + fit.passes, 0));
  // F* rises with l2: a weaker penalty can only help.
  const objectives = points.map(({ fit }) => fit.certificate.objective);
  expect(objectives).toEqual(objectives.toSorted((a, b) => b - a));
});

test("the chosen point has the least validation error, and only then is the test set read", () => {
  const { points, chosen } = path(true);
  expect(chosen.validation.error).toBe(Math.min(...points.map((point) => point.validation.error)));
  expect(evaluateOnTest(runtime, chosen.fit.probe, split.test).error).toBeLessThan(0.75);
});

test("warm starts reach the same optima in fewer passes", () => {
  const [warm, cold] = [path(true), path(false)];
  expect(warm.passes).toBeLessThan(cold.passes);
  for (const [at, { fit }] of warm.points.entries()) {
    const other = cold.points[at]?.fit.certificate;
    expect(Math.abs(fit.certificate.objective - (other?.objective ?? 0))).toBeLessThanOrEqual(
      fit.certificate.dualityGap + (other?.dualityGap ?? 0),
    );
  }
});

test("what a warm start saves is reported when it is measured", () => {
  const [warm, cold] = [path(true, { measureSaving: true }), path(false)];
  expect(warm.saved).toBe(cold.passes - warm.passes);
  expect(path(true).saved).toBeUndefined();
});

test("side by side: the fits from zero, with the traversals of the longest", () => {
  // Of X alone: each fit's own sampled Hessian is shared with no other.
  const plain = lbfgs({ sampleAt: 0 });
  const [together, cold] = [path(true, { together: true }, plain), path(false, {}, plain)];
  for (const [at, point] of together.points.entries()) {
    expect(point.fit.certificate).toEqual(cold.points[at]?.fit.certificate);
    expect(point.fit.probe).toEqual(cold.points[at]?.fit.probe);
  }
  expect(together.chosen.l2).toBe(cold.chosen.l2);
  expect(together.passes + (together.saved ?? 0)).toBeCloseTo(cold.passes, 9);
  expect(together.passes).toBeLessThan(path(true, {}, plain).passes / 2);
});

test("a path of nothing, and a test set in place of validation rows, are refused", () => {
  const { train, validation } = split;
  const options = { l2: [], stop: [], stream };
  expect(() => fitPath(runtime, { train, validation, scaling: "none" }, lbfgs(), options)).toThrow(
    /at least one value/,
  );
  // @ts-expect-error selection on the test set is impossible in the types
  const wrong = () => fitPath(runtime, { train, validation: split.test, scaling: "none" }, lbfgs(), options);
  expect(wrong).toBeTypeOf("function");
});
