/**
 * @file Drawn problems over a grid of columns, classes and condition numbers, 5,000 rows each: the map of which solver
 * suits what. Apart from the others, since a grid is of no interest one by one.
 */
import { drawSynthetic } from "../parts/synthetic.ts";
import type { CompareProblem } from "../problem.ts";

const COLS = [16, 128, 1024];
const CLASSES = [2, 20];
const CONDITIONS = [10, 1e3, 1e5];

export const shapeGrid: readonly CompareProblem[] = COLS.flatMap((cols) =>
  CLASSES.flatMap((classes) =>
    CONDITIONS.map((condition) => ({
      name: `grid-${cols}x${classes}-condition-${condition}`,
      about: `drawn, ${cols} columns, ${classes} classes, covariance of condition number ${condition}`,
      scaling: "none" as const,
      l2: [1e-4],
      mostPasses: 60,
      load: async (context) => drawSynthetic({ rows: 5000, cols, classes, condition, labels: "sampled" }, context),
    })),
  ),
);
