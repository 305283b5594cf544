/** @file 20,000 × 50 rows that a linear probe separates without error, 3 classes: the loss falls to 0 as l2 → 0. */
import { drawSynthetic } from "../parts/synthetic.ts";
import type { CompareProblem } from "../problem.ts";

export const separable: CompareProblem = {
  name: "separable",
  about: "drawn, three classes that a linear probe separates exactly",
  scaling: "none",
  l2: [1e-4, 1e-6, 1e-8],
  load: async (context) =>
    drawSynthetic({ rows: 20_000, cols: 50, classes: 3, condition: 10, labels: "separable" }, context),
};
