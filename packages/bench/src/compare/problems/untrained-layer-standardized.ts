/** @file Problem Bs: problem B with standardised columns: the same rows, another penalty. */
import type { CompareProblem } from "../problem.ts";
import { loadUntrainedLayer } from "./untrained-layer.ts";

export const untrainedLayerStandardized: CompareProblem = {
  name: "untrained-layer-standardized",
  about: "layer 16 of an untrained network on MNIST, standardised columns",
  scaling: "standardize",
  l2: [1e-4, 1e-6],
  load: loadUntrainedLayer,
};
