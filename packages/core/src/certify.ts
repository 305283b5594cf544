/**
 * @file Computes certificates: the bias solved exactly, then the duality gap, all in float64 on raw x by the exact
 * kernels, whatever the solver did and in whichever coordinates. See certificate.ts for the bound.
 */
import type { Certificate } from "./certificate.ts";
import { columnScale } from "./column-map.ts";
import type { ProblemKernels } from "./kernels/kernels.ts";
import type { LinearProbe, ProbeProblem } from "./problem.ts";
import { solveBias } from "./solve-bias.ts";

/** What a certificate costs: one float64 product and its transpose. */
export const CERTIFICATE_PASSES = 1;

/** Largest |mean(p - y)| that still counts as zero: float64 rounding over the rows. */
const FEASIBLE = 1e-12;

/**
 * Certifies `probe` on the training rows bound in `kernels`. The dual point is made with the bias solved exactly for
 * the probe's weights; the probe itself is judged as given, F(W, b) - F* ≤ F(W, b) - F(W, b*) + ‖G + l2 W̃‖²/(2 l2).
 */
export function certify(kernels: ProblemKernels, problem: ProbeProblem, given: LinearProbe): Certificate {
  const { l2 } = problem;
  const scale = columnScale(problem.train.features, problem.scaling);
  const { classes: k, cols: d, weights, bias } = withoutDroppedColumns(given, scale, problem);
  const margins = kernels.createMargins();
  try {
    kernels.forwardExact(weights, bias, margins);
    const { loss, errors } = kernels.score(margins);
    const biasResidual = solveBias(kernels, margins);
    const gradient = new Float64Array(k * d); // Xᵀ(p - y)/n on raw columns
    const lossAtBestBias = kernels.backwardExact(margins, gradient, new Float64Array(k));
    let norm = 0; // ‖W̃‖²
    let residual = 0; // ‖G + l2 W̃‖²
    for (let c = 0; c < k; c++) {
      for (let j = 0; j < d; j++) {
        if (!(scale[j]! > 0)) continue;
        const weight = weights[c * d + j]! / scale[j]!;
        norm += weight * weight;
        residual += (gradient[c * d + j]! * scale[j]! + l2 * weight) ** 2;
      }
    }
    const objective = loss + (l2 / 2) * norm;
    // Without the bias equation p is not dual feasible, and nothing is proved.
    const feasible = biasResidual <= FEASIBLE;
    const dualityGap = feasible ? Math.max(0, loss - lossAtBestBias) + residual / (2 * l2) : Infinity;
    const lower = objective - dualityGap; // the dual value: F* is at least this
    const relativeGap = lower > 0 ? dualityGap / lower : Infinity;
    return { objective, loss, dualityGap, relativeGap, trainError: errors / kernels.rows };
  } finally {
    kernels.releaseMargins(margins);
  }
}

/** `standardize` makes a column without variance zero: what a probe does with it is a constant and joins the bias. */
function withoutDroppedColumns(probe: LinearProbe, scale: Float64Array, problem: ProbeProblem): LinearProbe {
  if (!scale.includes(0)) return probe;
  const { classes, cols } = probe;
  const { mean } = problem.train.features.moments();
  const weights = probe.weights.slice();
  const bias = probe.bias.slice();
  for (let c = 0; c < classes; c++) {
    for (let j = 0; j < cols; j++) {
      if (scale[j]! > 0) continue;
      bias[c]! += weights[c * cols + j]! * mean[j]!;
      weights[c * cols + j] = 0;
    }
  }
  return { classes, cols, weights, bias };
}
