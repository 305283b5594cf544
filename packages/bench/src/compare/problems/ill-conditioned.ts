/** @file 20,000 × 100 rows whose covariance has condition number 10⁶ in no particular axes, 5 classes. */
import { drawSynthetic } from "../parts/synthetic.ts";
import type { CompareProblem } from "../problem.ts";

export const illConditioned: CompareProblem = {
  name: "ill-conditioned",
  about: "drawn, covariance of condition number 1e6",
  scaling: "none",
  l2: [1e-4, 1e-6],
  load: async (context) =>
    drawSynthetic({ rows: 20_000, cols: 100, classes: 5, condition: 1e6, labels: "sampled" }, context),
};
