/**
 * @file Computes certificates: the bias solved exactly, then the duality gap, all in float64 on raw x by the exact
 * kernels, whatever the solver did and in whichever coordinates. See certificate.ts for the bound.
 */
import type { Certificate } from "./certificate.ts";
import { columnScale } from "./column-map.ts";
import type { ProblemKernels } from "./kernels/kernels.ts";
import type { LinearProbe, ProbeProblem } from "./problem.ts";
import { solveBias } from "./solve-bias.ts";

export interface Certified {
  readonly certificate: Certificate;
  /** The probe with its bias at the exact optimum for its weights: this is the probe that is certified. */
  readonly probe: LinearProbe;
}

/** What a certificate costs: one float64 product and its transpose. */
export const CERTIFICATE_PASSES = 1;

/** Largest |mean(p - y)| that still counts as zero: float64 rounding over the rows. */
const FEASIBLE = 1e-12;

/** Certifies `probe` on the training rows bound in `kernels`. */
export function certify(kernels: ProblemKernels, problem: ProbeProblem, given: LinearProbe): Certified {
  const { l2 } = problem;
  const scale = columnScale(problem.train.features, problem.scaling);
  const probe = withoutDroppedColumns(given, scale, problem);
  const { classes: k, cols: d, weights: w } = probe;
  const margins = kernels.createMargins();
  try {
    kernels.forwardExact(w, probe.bias, margins);
    const { shift, residual: biasResidual } = solveBias(kernels, margins);
    const bias = probe.bias.map((b, c) => b + shift[c]!);
    const { loss, errors } = kernels.score(margins);
    const gradient = new Float64Array(k * d); // Xᵀ(p - y)/n on raw columns
    kernels.backwardExact(margins, gradient, new Float64Array(k));
    let norm = 0; // ‖W̃‖²
    let residual = 0; // ‖G + l2 W̃‖²
    for (let c = 0; c < k; c++) {
      for (let j = 0; j < d; j++) {
        if (!(scale[j]! > 0)) continue;
        const weight = w[c * d + j]! / scale[j]!;
        norm += weight * weight;
        residual += (gradient[c * d + j]! * scale[j]! + l2 * weight) ** 2;
      }
    }
    const objective = loss + (l2 / 2) * norm;
    // Without the bias equation p is not dual feasible, and nothing is proved.
    const dualityGap = biasResidual <= FEASIBLE ? residual / (2 * l2) : Infinity;
    const lower = objective - dualityGap; // the dual value: F* is at least this
    const relativeGap = lower > 0 ? dualityGap / lower : Infinity;
    const certificate = { objective, loss, dualityGap, relativeGap, trainError: errors / kernels.rows };
    return { certificate, probe: { ...probe, bias } };
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
