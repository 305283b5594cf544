/** @file Problem B: layer 16 of an untrained 128-wide LeakyReLU(0.5) network on MNIST pixels, d = 128, k = 10, unscaled. */
import { throughUntrainedLayers } from "../parts/untrained-layers.ts";
import type { CompareProblem, LoadedProblem, ProblemContext } from "../problem.ts";
import { loadDigitPixels } from "./mnist-pixels.ts";

export const untrainedLayer: CompareProblem = {
  name: "untrained-layer",
  about: "layer 16 of an untrained network on MNIST, unscaled",
  scaling: "none",
  l2: [1e-4, 1e-6],
  load: loadUntrainedLayer,
};

export async function loadUntrainedLayer(context: ProblemContext): Promise<LoadedProblem> {
  const network = { depth: 16, width: 128, slope: 0.5 };
  const pixels = await loadDigitPixels(context);
  return throughUntrainedLayers(context.runtime, pixels, network, context.stream);
}
