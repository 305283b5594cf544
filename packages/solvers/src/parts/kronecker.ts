/**
 * @file The Kronecker preconditioner: at any θ the Hessian in W is near M ⊗ S + l2·I, with S the second moments of the
 * features and M = mean(diag(p) - ppᵀ) the class covariance. At W = 0 it is the Hessian. With M = U diag(λ) Uᵀ its
 * inverse is a rotation of the classes, one shifted solve in S for each λ, and the rotation back. With centred
 * features the bias hardly couples to W, and its block is M itself.
 */
import { axpy, jacobiEigen, type Margins, type Oracle } from "@linear-probes/core";
import type { SecondMoments } from "./second-moments.ts";

/** Approximately ∇²F⁻¹ g, as a new array of θ's layout; positive definite. `classes` is the spectrum of M. */
export function kroneckerSolve(
  oracle: Oracle,
  moments: SecondMoments,
  classes: ClassSpectrum,
  gradient: Float64Array,
): Float64Array {
  const { classes: k, cols: d } = oracle;
  const lambda = classes.values.map((value) => Math.max(0, value));
  const turned = rotate(classes.vectors, k, gradient, d, true);
  const out = new Float64Array(oracle.dimension);
  out.set(rotate(classes.vectors, k, moments.solve(lambda, oracle.l2, turned), d, false));

  const most = lambda.reduce((a, b) => Math.max(a, b), 0);
  const bias = rotate(classes.vectors, k, gradient.subarray(k * d), 1, true);
  // Along (1, …, 1) the bias has no curvature and no gradient; the floor keeps that direction still and finite.
  for (let c = 0; c < k; c++) bias[c]! /= Math.max(lambda[c]!, FLOOR * most, Number.MIN_VALUE);
  out.set(rotate(classes.vectors, k, bias, 1, false), k * d);
  return out;
}

const FLOOR = 1e-6;

/** M = U diag(values) Uᵀ. Without vectors U = I: M is taken for its diagonal. */
export interface ClassSpectrum {
  readonly values: Float64Array; // [k]
  readonly vectors: Float64Array | undefined; // U [k, k]
}

/** Beyond, an eigensystem costs more than it gives: with many classes M is nearly diagonal. */
const MOST_ROTATED_CLASSES = 100;

/** The spectrum of M at the margins' probabilities. */
export function classSpectrum(oracle: Oracle, margins: Margins): ClassSpectrum {
  const k = oracle.classes;
  const covariance = oracle.classCovariance(margins);
  if (k <= MOST_ROTATED_CLASSES) return jacobiEigen(covariance, k);
  return { values: Float64Array.from({ length: k }, (_, c) => covariance[c * (k + 1)]!), vectors: undefined };
}

/** Uᵀ V or U V for V [k, d]. */
function rotate(u: Float64Array | undefined, k: number, v: Float64Array, d: number, transpose: boolean): Float64Array {
  if (u === undefined) return v.slice(0, k * d);
  const out = new Float64Array(k * d);
  const factor = (a: number, b: number): number => (transpose ? u[b * k + a]! : u[a * k + b]!);
  for (let a = 0; a < k; a++) {
    const row = out.subarray(a * d, (a + 1) * d);
    let b = 0;
    for (; b + 4 <= k; b += 4)
      addFour(row, v, b * d, factor(a, b), factor(a, b + 1), factor(a, b + 2), factor(a, b + 3));
    for (; b < k; b++) axpy(factor(a, b), v.subarray(b * d, (b + 1) * d), row);
  }
  return out;
}

/** row += f0 v₀ + … + f3 v₃, four rows of V from `at` on: one visit instead of four, with the same bits. */
function addFour(row: Float64Array, v: Float64Array, at: number, f0: number, f1: number, f2: number, f3: number): void {
  const d = row.length;
  for (let j = 0; j < d; j++) {
    const from = at + j;
    row[j] = row[j]! + f0 * v[from]! + f1 * v[from + d]! + f2 * v[from + 2 * d]! + f3 * v[from + 3 * d]!;
  }
}
