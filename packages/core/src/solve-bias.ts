/**
 * @file The best bias for given weights: minimises the mean cross-entropy over b, work on margins only.
 *
 * Newton steps damped by t = log(1 + β)/β, β = max δ - min δ. The loss satisfies |f'''| ≤ β f'' along δ, so every step
 * descends and convergence is global, without trying losses (Bach 2010, §2.2; Sun & Tran-Dinh 2019, thm. 2).
 */
import type { Margins, ProblemKernels } from "./kernels/kernels.ts";
import { choleskyFactor, choleskySolve } from "./linalg/cholesky.ts";

const MAX_STEPS = 200; // usually 2 or 3; a class without rows needs about 50, its bias going to -∞
const RESIDUAL = 1e-14; // of mean(p - y): the rounding of the sums themselves

/** Adds the best bias to `margins`; returns max |mean(p - y)| left, which is zero at the optimum. */
export function solveBias(kernels: ProblemKernels, margins: Margins): number {
  for (let step = 0; ; step++) {
    const { residual, covariance } = kernels.classMoments(margins);
    const left = residual.reduce((most, r) => Math.max(most, Math.abs(r)), 0);
    if (!(left > RESIDUAL) || step === MAX_STEPS) return left;
    const delta = newtonStep(covariance, residual, kernels.classes);
    const range = Math.max(...delta) - Math.min(...delta);
    const damping = range > 0 ? Math.log1p(range) / range : 1;
    kernels.addBias(
      margins,
      delta.map((by) => by * damping),
    );
  }
}

/** -C⁺ r: C is singular along (1, …, 1), where r has no component, so that direction is simply filled up. */
function newtonStep(covariance: Float64Array, residual: Float64Array, k: number): Float64Array {
  let trace = 0;
  for (let c = 0; c < k; c++) trace += covariance[c * k + c]!;
  for (let ridge = 1e-15; ; ridge *= 100) {
    const filled = covariance.map((value, at) => value + trace / (k * k) + (at % (k + 1) === 0 ? ridge : 0));
    const factor = choleskyFactor(filled, k);
    if (factor !== undefined) return choleskySolve(factor, k, residual).map((value) => -value);
  }
}
