import { createWasmRuntime, rootStream, fit, certifiedGap, passBudget } from "@linear-probes/core";
import { lbfgs } from "@linear-probes/solvers";
import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { compareProblems } from "../../src/compare/problems/index.ts";
import { libsvmFile } from "../../src/compare/problems/libsvm-file.ts";
import { mnistPixels } from "../../src/compare/problems/mnist-pixels.ts";
import { separable } from "../../src/compare/problems/separable.ts";
import { trainedConvnet } from "../../src/compare/problems/trained-convnet.ts";
import { untrainedLayer } from "../../src/compare/problems/untrained-layer.ts";
import type { CompareProblem, LoadedProblem } from "../../src/compare/problem.ts";

const runtime = await createWasmRuntime({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), "probes-problems-"));
afterAll(() => rmSync(folder, { recursive: true }));
const dataDir = process.env["PROBES_DATA_DIR"];

async function load(problem: CompareProblem, rows: number): Promise<LoadedProblem> {
  const loaded = await problem.load({ runtime, stream: rootStream("problems"), dataDir, rows, log: () => {} });
  if ("unavailable" in loaded) throw new Error(loaded.unavailable);
  return loaded;
}

function optimum({ train }: LoadedProblem, l2: number, scaling: CompareProblem["scaling"]) {
  const stop = [certifiedGap({ relative: 1e-6 }), passBudget(500)];
  return fit(runtime, { train, l2, scaling }, lbfgs(), { stream: rootStream("fit"), stop });
}

describe("the problems of the comparison", () => {
  it("have different names", () => {
    const names = compareProblems.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("separable: its optimum at a small l2 makes no error on training rows", async () => {
    const loaded = await load(separable, 500);
    const { certificate, status } = optimum(loaded, 1e-6, "none");
    expect(status).toBe("converged");
    expect(certificate.trainError).toBe(0);
  });

  it("convnet taps: unavailable, with what to do, where nothing is trained", async () => {
    for (const problem of trainedConvnet) {
      const loaded = await problem.load({ runtime, stream: rootStream("x"), dataDir, log: () => {} });
      expect(loaded).toEqual({ unavailable: expect.stringContaining("probes reproduce --only fig05") });
    }
  });

  it("a LIBSVM file: a fifth is held out, or the test file is taken, in the classes of the training file", async () => {
    const line = (label: number, x: number): string => `${label} 1:${x} 3:${x * x}`;
    const train = Array.from({ length: 50 }, (_, row) => line(row % 2 === 0 ? -1 : 7, row - 25));
    const [trainPath, testPath] = [join(folder, "train.svm"), join(folder, "test.svm")];
    writeFileSync(trainPath, `${train.join("\n")}\n`);
    writeFileSync(testPath, `${line(7, 3)}\n`);
    const held = await load(libsvmFile({ train: trainPath }), Infinity);
    expect([held.train.features.rows, held.test.features.rows, held.train.features.cols]).toEqual([40, 10, 3]);
    const given = await load(libsvmFile({ train: trainPath, test: testPath }), Infinity);
    expect([...given.test.labels]).toEqual([1]);
    expect([...given.test.features.readRows([0])]).toEqual([3, 0, 9]);
  });
});

describe.skipIf(dataDir === undefined)("problems made of MNIST (needs PROBES_DATA_DIR)", () => {
  it("mnist-pixels: x/255 - 0.5 of the first images", async () => {
    const { train, test } = await load(mnistPixels, 500);
    expect(Array.from(train.labels.subarray(0, 5))).toEqual([5, 0, 4, 1, 9]); // the first digits of MNIST
    const pixels = train.features.readRows([0]);
    expect([Math.min(...pixels), Math.max(...pixels)]).toEqual([-0.5, 0.5]);
    expect(test.labels[0]).toBe(7);
  });

  it("untrained-layer: the sixteenth layer of the network that its streams name", async () => {
    const [pixels, layer] = [await load(mnistPixels, 500), await load(untrainedLayer, 500)];
    let row = Float64Array.from(pixels.train.features.readRows([3]));
    for (let number = 1; number <= 16; number++) {
      const weights = new Float32Array(row.length * 128); // [in, out]
      rootStream("problems").split("network").split(`layer-${number}`).fillNormal(weights);
      const std = Math.sqrt(2 / (row.length + 128));
      const above = new Float64Array(128);
      for (let at = 0; at < weights.length; at++) above[at % 128]! += row[Math.floor(at / 128)]! * weights[at]! * std;
      row = above.map((value) => (value > 0 ? value : value / 2));
    }
    const scale = Math.max(...row.map(Math.abs));
    layer.train.features.readRows([3]).forEach((value, j) => {
      expect(Math.abs(value - row[j]!) / scale).toBeLessThan(1e-5); // float32 through 16 layers
    });
  });
});
