/** @file The problems of the comparison: one line each. */
import type { CompareProblem } from "../problem.ts";
import { illConditioned } from "./ill-conditioned.ts";
import { mnistPixels } from "./mnist-pixels.ts";
import { separable } from "./separable.ts";
import { toyLayer } from "./toy-layer.ts";
import { trainedConvnet } from "./trained-convnet.ts";
import { untrainedLayer } from "./untrained-layer.ts";
import { untrainedLayerStandardized } from "./untrained-layer-standardized.ts";

export const compareProblems: readonly CompareProblem[] = [
  mnistPixels,
  untrainedLayer,
  untrainedLayerStandardized,
  toyLayer,
  ...trainedConvnet,
  illConditioned,
  separable,
];
