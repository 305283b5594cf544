/**
 * @file Every solver on real MNIST pixels against optima that were solved independently, in float64 to a gradient of 1e-13:
 * first 50,000 training images, x/255 - 0.5, ten classes.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  certifiedGap,
  createWasmRuntime,
  fit,
  passBudget,
  rootStream,
  type LabelledFeatures,
  type Runtime,
} from "@linear-probes/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lbfgs } from "../src/index.ts";
import { makeSolver, solverNames } from "./solvers.ts";

const folder = process.env["PROBES_DATA_DIR"];
const ROWS = 50_000;

/** Objective and training error at the optimum, by l2. */
const optima = [
  { l2: 1e-2, objective: 0.5493679019157114, trainError: 0.10094, passes: 30 },
  { l2: 1e-4, objective: 0.259993178473991, trainError: 0.06668, passes: 90 },
];

describe.skipIf(folder === undefined)("MNIST pixels (skipped: PROBES_DATA_DIR is not set)", () => {
  let runtime: Runtime;
  let train: LabelledFeatures<"train">;
  beforeAll(async () => {
    runtime = await createWasmRuntime({ threads: 2 });
    const read = (name: string, header: number): Uint8Array =>
      gunzipSync(readFileSync(join(folder ?? "", "mnist", name))).subarray(header);
    const pixels = read("train-images-idx3-ubyte.gz", 16).subarray(0, ROWS * 784);
    const labels = Int32Array.from(read("train-labels-idx1-ubyte.gz", 8).subarray(0, ROWS));
    const writer = runtime.createFeatures({ rows: ROWS, cols: 784, name: "pixels" });
    const x = new Float32Array(pixels.length);
    for (let at = 0; at < x.length; at++) x[at] = pixels[at]! / 255 - 0.5;
    writer.write(0, x);
    train = { role: "train", features: writer.finish(), labels, classes: 10 };
  }, 240_000);
  afterAll(() => runtime.dispose());

  test.each(optima)(
    "l2 = $l2: proved within 1e-7 nats of the optimum in $passes passes, and so it is",
    (known) => {
      const result = fit(runtime, { train, l2: known.l2, scaling: "none" }, lbfgs(), {
        stream: rootStream("mnist"),
        stop: [certifiedGap({ absolute: 1e-7 }), passBudget(known.passes)],
      });
      const { objective, dualityGap, relativeGap, trainError } = result.certificate;
      expect(result.status, result.reason).toBe("converged");
      expect(relativeGap).toBeLessThanOrEqual(1e-6);
      expect(objective - known.objective).toBeLessThanOrEqual(1e-7);
      expect(objective).toBeGreaterThanOrEqual(known.objective - 1e-12);
      expect(objective - dualityGap).toBeLessThanOrEqual(known.objective); // the certificate holds
      expect(Math.abs(trainError - known.trainError)).toBeLessThan(2e-4);
    },
    120_000,
  );

  // rmsprop and gradient-descent get nowhere near here: what they are held to is that their certificates do not lie.
  test.each(solverNames.filter((name) => name !== "newton-cholesky"))(
    "%s, l2 = 0.01: within its certified gap of the optimum, wherever it has come to",
    (name) => {
      const [known] = optima;
      if (known === undefined) throw new Error("no optimum");
      const { certificate } = fit(runtime, { train, l2: known.l2, scaling: "none" }, makeSolver(name), {
        stream: rootStream("mnist"),
        stop: [certifiedGap({ relative: 1e-6 }), passBudget(5)],
      });
      expect(certificate.objective).toBeGreaterThanOrEqual(known.objective - 1e-12);
      expect(certificate.objective - known.objective).toBeLessThanOrEqual(certificate.dualityGap + 1e-12);
    },
    240_000,
  );

  test("newton-cholesky says why it does not try", () => {
    const { status } = fit(runtime, { train, l2: 1e-2, scaling: "none" }, makeSolver("newton-cholesky"), {
      stream: rootStream("mnist"),
      stop: [passBudget(1)],
    });
    expect(status).toBe("unsupported");
  });
});
