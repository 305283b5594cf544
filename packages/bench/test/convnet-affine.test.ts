/** @file A tap that is an affine map of the input: a probe on z and the one lifted to x are the same probe. */
import { createWasmRuntime, evaluateOnValidation, type LinearProbe, rootStream } from "@linear-probes/core";
import { initialParameters, mnistConvnet } from "@linear-probes/models";
import { expect, test } from "vitest";
import { fittingFeatures } from "../src/stages/convnet-activations.ts";
import { knowConvolution, reducedFeatures, reducible } from "../src/stages/convnet-affine.ts";
import { earlyStoppedProbe } from "../src/stages/convnet-early-stopping.ts";
import { digits } from "../src/stages/convnet-data.ts";
import { stopFlag } from "../src/stop-flag.ts";

const tap = "conv1_preact";

/** The tap of a fresh network, of a few images. */
async function untrained() {
  const stream = rootStream("affine");
  const rows = { train: 150, test: 50, validation: 50, heldOut: 50 };
  const data = await digits({ stream, dataDir: undefined, log: () => {} }, rows);
  const runtime = await createWasmRuntime({ threads: 1 });
  const parameters = initialParameters(mnistConvnet.build(), stream.split("initial"));
  const options = { threads: 1, stop: stopFlag() };
  const x = (await fittingFeatures(runtime, parameters, data, rows, [tap], options)).get(tap)!;
  return { stream, rows, data, runtime, parameters, options, x };
}

test("conv1_preact in 784 numbers: the same answers on images, the same penalty", async () => {
  const { stream, rows, data, runtime, parameters, options, x } = await untrained();
  const z = await reducedFeatures(runtime, parameters, data, rows, tap, options);
  const { cols } = z.train.features;
  expect(cols).toBe(784);
  const draw = (count: number): Float64Array => Float64Array.from({ length: count }, () => stream.normal() / 30);
  const probe: LinearProbe = { classes: 10, cols, weights: draw(10 * cols), bias: draw(10) };
  const lifted = z.lift(probe);
  expect(lifted.cols).toBe(25_088);
  const [onX, onZ] = [
    evaluateOnValidation(runtime, lifted, x.validation),
    evaluateOnValidation(runtime, probe, z.validation),
  ];
  expect(onX.error).toBe(onZ.error);
  expect(onX.loss / onZ.loss).toBeCloseTo(1, 5);
  const square = ({ weights }: LinearProbe): number => weights.reduce((sum, w) => sum + w * w, 0);
  expect(square(lifted) / square(probe)).toBeCloseTo(1, 5);
  for (const features of [x, z]) features.release();
  await runtime.dispose();
});

test("conv1_preact by minibatches: with the images known the same probe, to rounding", async () => {
  const { stream, rows, data, runtime, parameters, x } = await untrained();
  const settings = { l2: 1e-6, epochs: 3, patience: 2, batch: 32, logitStep: 0.2, decay: 0.9 };
  const fitted = () => earlyStoppedProbe(runtime, x, stream.split("order"), settings, {});
  const plain = fitted();
  const release = knowConvolution(runtime, parameters, data, rows, tap, x.train.features);
  const known = fitted();
  // Early steps of RMSProp are all of one size, whatever the gradient's: where one is nearly zero, rounding decides.
  const size = plain.probe.weights.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
  const far = plain.probe.weights.filter((w, at) => !(Math.abs(w - known.probe.weights[at]!) < 1e-3 * size));
  expect(far.length).toBeLessThan(plain.probe.weights.length / 1000);
  expect(known.cells.trainLoss / plain.cells.trainLoss).toBeCloseTo(1, 4);
  release();
  expect(fitted).toThrow(/not released/);
  x.release();
  await runtime.dispose();
});

test("nothing else is reducible: rectified taps are not affine, later ones have fewer features than pixels or read others", () => {
  const graph = mnistConvnet.build();
  expect(graph.taps.filter(reducible)).toEqual(["conv1_preact"]);
});
