/** @file Many probes on the same features: each the probe that it would be alone, the passes over X shared. */
import {
  certifiedGap,
  createReferenceRuntime,
  createWasmRuntime,
  fit,
  fitMany,
  passBudget,
  rootStream,
  stepBudget,
  type ManyFits,
  type OneOfMany,
  type ProbeProblem,
  type Runtime,
} from "@linear-probes/core";
import { describe, expect, test } from "vitest";
import { lbfgs, rmsprop, saga } from "../src/index.ts";
import { buildProblem, noisyArgmax } from "./problems.ts";

const stream = rootStream("many");
const stop = [certifiedGap({ relative: 1e-6 }), passBudget(300)];
const [rows, cols] = [600, 30];

/** Three labellings of the same features, two of them at several penalties. */
function probes(runtime: Runtime): readonly OneOfMany[] {
  const data = noisyArgmax(rows, cols, 5, (column) => 1 / (1 + column / 5));
  const { train } = buildProblem(runtime, {
    name: "many",
    source: "",
    rows,
    cols,
    classes: 5,
    l2: 1,
    scaling: "none",
    data,
  });
  const parity = { ...train, labels: train.labels.map((label) => label % 2), classes: 2 };
  const folded = { ...train, labels: train.labels.map((label) => label % 3), classes: 3 };
  const problems: ProbeProblem[] = [
    { train, l2: 1e-2, scaling: "standardize" },
    { train: parity, l2: 1e-3, scaling: "none" },
    { train, l2: 1e-3, scaling: "standardize" },
    { train: folded, l2: 1e-4, scaling: "none" },
    { train, l2: 1e-4, scaling: "center" },
  ];
  return problems.map((problem) => ({ problem, stream, stop }));
}

const separately = (runtime: Runtime, { problem, ...options }: OneOfMany) => fit(runtime, problem, lbfgs(), options);

describe.each([
  ["reference", async () => createReferenceRuntime()],
  ["wasm, one thread", () => createWasmRuntime({ threads: 1 })],
  ["wasm, two threads", () => createWasmRuntime({ threads: 2 })],
] as const)("%s", (_, make) => {
  test("each probe has the bits, certificate and status of a fit of its own; passes over X are made once", async () => {
    const runtime = await make();
    const given = probes(runtime);
    const many = fitMany(runtime, lbfgs(), given);
    for (const [at, one] of given.entries()) {
      const alone = separately(runtime, one);
      const { probe, certificate, status, steps } = many.fits[at] ?? alone;
      expect({ probe, certificate, status, steps }).toEqual({
        probe: alone.probe,
        certificate: alone.certificate,
        status: alone.status,
        steps: alone.steps,
      });
      expect(status).toBe("converged");
    }
    const { least, most } = traversals(many);
    expect(many.passes).toBeGreaterThanOrEqual(least - 1e-9);
    expect(many.passes).toBeLessThanOrEqual(most + 1e-9);
    expect(many.passes).toBeLessThan(many.separatePasses / 2);
    await runtime.dispose();
  });
});

describe.each([
  ["reference", async () => createReferenceRuntime()],
  ["wasm, in its memory", () => createWasmRuntime({ threads: 2 })],
  ["wasm, with too little memory to hold X", () => createWasmRuntime({ threads: 2, memoryBytes: 2 ** 21 })],
] as const)("epochs of RMSProp, %s", (_, make) => {
  test("are swept side by side, to the bits of each alone", async () => {
    const runtime = await make();
    const given = probes(runtime).map((one) => ({ ...one, stop: [stepBudget(3)] }));
    const many = fitMany(runtime, rmsprop({ batch: 50 }), given);
    expect(many.fits).toEqual(
      given.map(({ problem, ...options }) => fit(runtime, problem, rmsprop({ batch: 50 }), options)),
    );
    expect([many.passes, many.separatePasses]).toEqual([3, 3 * given.length]);
    await runtime.dispose();
  });
});

/**
 * The steps of the longest fit, one pass for its first point, and for each scaling and k the sample of S that is read
 * once. Then half a pass for every step whose first trial was not taken: at most one for each, at least none beside
 * those of the fit that has most.
 */
function traversals({ fits }: ManyFits): { least: number; most: number } {
  const longest = Math.max(...fits.map(({ steps }) => steps)) + 1;
  const beyond = fits.map(({ passes, steps }) => passes - (steps + 1));
  const halves = beyond.map((passes) => Math.floor(2 * passes) / 2);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return { least: longest + sum(beyond) - sum(halves) + Math.max(...halves), most: longest + sum(beyond) };
}

test("wide features in several strips, from a buffer outside the kernels' memory, have the same bits", async () => {
  const runtime = await createWasmRuntime({ threads: 2 });
  const [n, d] = [300, 2100];
  const normal = rootStream("wide");
  const writer = runtime.createFeatures({ rows: n, cols: d, storage: "buffer" });
  writer.write(
    0,
    Float32Array.from({ length: n * d }, () => normal.normal()),
  );
  const features = writer.finish();
  const train = (classes: number) => ({
    role: "train" as const,
    features,
    labels: Int32Array.from({ length: n }, (_, i) => i % classes),
    classes,
  });
  const given = [4, 2, 7].map((classes) => {
    const problem: ProbeProblem = { train: train(classes), l2: 1e-1, scaling: "none" };
    return { problem, stream, stop: [passBudget(6)] };
  });
  const many = fitMany(runtime, lbfgs({ preconditioned: false }), given);
  for (const [at, one] of given.entries()) {
    const { problem, ...options } = one;
    expect(many.fits[at]).toEqual(fit(runtime, problem, lbfgs({ preconditioned: false }), options));
  }
  // Three times a step's first trial is not taken, at different steps: half a pass more each time, shared with nobody.
  expect([many.passes, many.separatePasses]).toEqual([7.5, 19.5]);
  await runtime.dispose();
});

test("a solver without stages fits each probe as alone, and shares nothing", () => {
  const runtime = createReferenceRuntime();
  const given = probes(runtime)
    .slice(0, 2)
    .map((one) => ({ ...one, stop: [passBudget(2)] }));
  const many = fitMany(runtime, saga(), given);
  expect(many.passes).toBe(many.separatePasses);
  expect(many.fits).toEqual(given.map(({ problem, ...options }) => fit(runtime, problem, saga(), options)));
});

test("nothing to fit, and probes on other features, are refused", () => {
  const runtime = createReferenceRuntime();
  expect(() => fitMany(runtime, lbfgs(), [])).toThrow(/problems: there must be at least one/);
  const others = [...probes(runtime).slice(0, 1), ...probes(runtime).slice(1, 2)];
  expect(() => fitMany(runtime, lbfgs(), others)).toThrow(/problems\[1\]: must be of the same features as the first/);
});
