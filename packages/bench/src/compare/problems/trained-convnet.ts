/**
 * @file Taps of figure 5's trained convnet: 25,088 columns on 10,000 rows, so that there are more columns than rows,
 * and 3,136 and 512 columns on 50,000 rows.
 */
import { loadConvnetTap } from "../parts/convnet-tap.ts";
import type { CompareProblem } from "../problem.ts";

function convnetProblem(tap: string, trainRows: number): CompareProblem {
  return {
    name: `convnet-${tap.replaceAll("_", "-")}`,
    about: `${tap} of a trained convnet`,
    scaling: "none",
    l2: [1e-2, 1e-4],
    load: (context) => loadConvnetTap(tap, trainRows, context),
  };
}

export const trainedConvnet: readonly CompareProblem[] = [
  convnetProblem("conv1_postact", 10_000),
  convnetProblem("conv2_postpool", 50_000),
  convnetProblem("fc1_postact", 50_000),
];
