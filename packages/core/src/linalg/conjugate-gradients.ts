/** @file Preconditioned conjugate gradients for A x = b, A symmetric positive definite (Hestenes & Stiefel 1952). */
import { axpy, dot } from "./vector.ts";

export interface ConjugateGradientsOptions {
  /** v ↦ A v, a new array. */
  readonly apply: (v: Float64Array) => Float64Array;
  /** r ↦ approximately A⁻¹ r, symmetric positive definite, a new array. */
  readonly precondition: (r: Float64Array) => Float64Array;
  /** Stops when rᵀP⁻¹r has fallen below tolerance² times its start. */
  readonly tolerance: number;
  readonly maxIterations: number;
}

/** The iterate where it stopped, from x = 0: every iterate is a descent direction for ½xᵀAx - bᵀx. */
export function conjugateGradients(b: Float64Array, options: ConjugateGradientsOptions): Float64Array {
  const { apply, precondition, tolerance, maxIterations } = options;
  const x = new Float64Array(b.length);
  const r = b.slice();
  const direction = precondition(r);
  let square = dot(r, direction);
  const enough = tolerance * tolerance * square;
  for (let iteration = 0; iteration < maxIterations && square > enough; iteration++) {
    const image = apply(direction);
    const curvature = dot(direction, image);
    if (!(curvature > 0)) break; // rounding: what there is of x is still a descent direction
    const step = square / curvature;
    axpy(step, direction, x);
    axpy(-step, image, r);
    const z = precondition(r);
    const next = dot(r, z);
    const factor = next / square;
    for (let at = 0; at < z.length; at++) direction[at] = z[at]! + factor * direction[at]!;
    square = next;
  }
  return x;
}
