/**
 * @file Newton's method with the exact Hessian and its Cholesky factor (Nocedal & Wright 2006, §3.3), for small
 * d·(k-1). Adding one vector to every class's weights changes no probability, so the optimum has class mean zero: the
 * step is solved in k-1 orthonormal contrasts C of the classes (Helmert 1876), where the Hessian
 *
 *   H[a, b] = Σᵢ (Cᵀ(diag pᵢ - pᵢpᵢᵀ)C)[a, b] (x̃ᵢ; 1)(x̃ᵢ; 1)ᵀ/n  + l2·I on the weights
 *
 * is positive definite. Its weight blocks are weighted Gram matrices, its bias rows Hessian-vector products.
 */
import { choleskyFactor, choleskySolve, type Oracle, type Solver } from "@linear-probes/core";
import { contrastWeights, fromContrasts, helmert, toContrasts } from "../parts/contrasts.ts";
import { descend, pointAt, releasePoint, type Point } from "../parts/descent.ts";

export interface NewtonCholeskySettings {
  readonly accuracy?: number; // of the line search
}

const MAX_UNKNOWNS = 1500; // (k-1)(d+1): beyond, factors cost more than other solvers' whole fits

export function newtonCholesky({ accuracy = 0.1 }: NewtonCholeskySettings = {}): Solver<Point> {
  return {
    name: "newton-cholesky",
    source: "Nocedal & Wright (2006), section 3.3; class contrasts after Helmert (1876)",
    settings: { accuracy },

    unsupported({ cols, classes }) {
      const unknowns = (classes - 1) * (cols + 1);
      if (unknowns <= MAX_UNKNOWNS) return undefined;
      return `(k-1)(d+1) = ${unknowns} unknowns are more than ${MAX_UNKNOWNS}: use lbfgs.`;
    },

    init: pointAt,

    step(oracle, state) {
      const delta = newtonStep(oracle, state);
      if (delta === undefined) return { ...state, stalled: "The Hessian is singular to working precision." };
      return descend(oracle, state, delta, accuracy).point;
    },

    release: releasePoint,
  };
}

/** -∇²F⁻¹∇F, class mean of the weights removed. */
function newtonStep(oracle: Oracle, { theta, gradient, margins }: Point): Float64Array | undefined {
  const { classes: k, cols: d } = oracle;
  const contrasts = helmert(k); // C [k, k-1]
  const hessian = contrastHessian(oracle, oracle.probabilities(margins), contrasts, margins);
  const size = (k - 1) * (d + 1);
  const factor = choleskyFactor(hessian, size);
  if (factor === undefined) return undefined;
  const solved = choleskySolve(factor, size, toContrasts(contrasts, k, d, gradient));
  const delta = fromContrasts(contrasts, k, d, solved).map((value) => -value);
  // Along the class mean only the penalty has curvature, so Newton's step there is to zero.
  for (let j = 0; j < d; j++) {
    let mean = 0;
    for (let c = 0; c < k; c++) mean += theta[c * d + j]! / k;
    for (let c = 0; c < k; c++) delta[c * d + j]! -= mean;
  }
  return delta;
}

/** Unknowns in the order (contrast, column), the bias as column d. */
function contrastHessian(
  oracle: Oracle,
  p: Float64Array, // [n, k]
  contrasts: Float64Array,
  margins: Point["margins"],
): Float64Array {
  const { classes: k, cols: d, l2 } = oracle;
  const width = d + 1;
  const size = (k - 1) * width;
  const h = new Float64Array(size * size);
  for (let a = 0; a < k - 1; a++) {
    for (let b = 0; b <= a; b++) {
      const block = oracle.gram(undefined, contrastWeights(p, contrasts, k, a, b));
      for (let i = 0; i < d; i++) {
        for (let j = 0; j < d; j++) h[(a * width + i) * size + b * width + j] = block[i * d + j]!;
      }
    }
    for (let i = 0; i < d; i++) h[(a * width + i) * size + a * width + i]! += l2;
  }
  const image = new Float64Array(oracle.dimension);
  for (let a = 0; a < k - 1; a++) {
    const v = new Float64Array(oracle.dimension); // contrast a of the bias
    for (let c = 0; c < k; c++) v[k * d + c] = contrasts[c * (k - 1) + a]!;
    oracle.hessianVector(margins, v, image);
    const row = toContrasts(contrasts, k, d, image);
    for (let at = 0; at < size; at++) {
      h[(a * width + d) * size + at] = row[at]!;
      h[at * size + a * width + d] = row[at]!;
    }
  }
  return h;
}
