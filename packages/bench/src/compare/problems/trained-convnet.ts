/**
 * @file Taps of figure 5's trained convnet: 25,088 columns on 5,000 rows, so that there are five columns to a row;
 * 3,136 columns on 20,000 rows; 512 columns on 50,000 rows.
 */
import { loadConvnetTap } from "../parts/convnet-tap.ts";
import type { CompareProblem } from "../problem.ts";

function convnetProblem(
  tap: string,
  trainRows: number,
  asked: Pick<CompareProblem, "l2" | "mostPasses">,
): CompareProblem {
  return {
    name: `convnet-${tap.replaceAll("_", "-")}`,
    about: `${tap} of a trained convnet`,
    scaling: "none",
    ...asked,
    load: (context) => loadConvnetTap(tap, trainRows, context),
  };
}

export const trainedConvnet: readonly CompareProblem[] = [
  convnetProblem("conv1_postact", 5000, { l2: [1e-2], mostPasses: 60 }),
  convnetProblem("conv2_postpool", 20_000, { l2: [1e-2], mostPasses: 100 }),
  convnetProblem("fc1_postact", 50_000, { l2: [1e-2, 1e-4] }),
];
