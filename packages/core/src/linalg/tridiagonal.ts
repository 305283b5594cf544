/**
 * @file S = Q T Qᵀ with Q orthogonal and T tridiagonal, by Householder reflections (Golub & Van Loan 2013, alg. 8.3.1),
 * float64, in WebAssembly (packages/core/assembly/tridiagonal.ts). One reduction makes every shifted system cheap:
 * (λS + τI)⁻¹ v = Q (λT + τI)⁻¹ Qᵀ v.
 */
import { denseModule, giveBackRoom, takeRoom, viewRoom } from "./dense-module.ts";

export interface Tridiagonal {
  readonly size: number;
  readonly diagonal: Float64Array; // [d]
  readonly offDiagonal: Float64Array; // [d-1]
  readonly q: Float64Array; // Q [d, d], row-major
}

/** Reduces a symmetric row-major S [d, d] (only its lower triangle is read). */
export function tridiagonalize(matrix: Float64Array, d: number): Tridiagonal {
  const wide = d + (d & 1); // rows of whole vectors
  const square = d * wide;
  const vector = wide + 2;
  // S, Q, then seven vectors: T's two, beta, and four to work with.
  const [q, diagonal] = [square, 2 * square];
  const [off, beta, work] = [diagonal + vector, diagonal + 2 * vector, diagonal + 3 * vector];
  const count = diagonal + 7 * vector;
  const room = takeRoom(count);
  const place = (at: number): number => room + 8 * at;
  try {
    const view = viewRoom(room, count);
    for (let i = 0; i < d; i++) view.set(matrix.subarray(i * d, i * d + i + 1), i * wide);
    const module = denseModule();
    module.tridiagonalize(room, 8 * wide, d, place(diagonal), place(off), place(beta), place(work));
    module.accumulateReflectors(room, 8 * wide, d, place(beta), place(q), place(work));
    const turned = new Float64Array(d * d);
    for (let i = 0; i < d; i++) turned.set(view.subarray(q + i * wide, q + i * wide + d), i * d);
    return {
      size: d,
      diagonal: view.slice(diagonal, diagonal + d),
      offDiagonal: view.slice(off, off + Math.max(0, d - 1)),
      q: turned,
    };
  } finally {
    giveBackRoom(room, count);
  }
}

/** Solves (scale·T + shift·I) x = b in place for a positive definite left side (Thomas 1949). */
export function solveShifted(t: Tridiagonal, scale: number, shift: number, b: Float64Array): void {
  const { size, diagonal, offDiagonal } = t;
  const pivots = new Float64Array(size);
  pivots[0] = scale * diagonal[0]! + shift;
  for (let i = 1; i < size; i++) {
    const off = scale * offDiagonal[i - 1]!;
    const factor = off / pivots[i - 1]!;
    pivots[i] = scale * diagonal[i]! + shift - factor * off;
    b[i]! -= factor * b[i - 1]!;
  }
  b[size - 1]! /= pivots[size - 1]!;
  for (let i = size - 2; i >= 0; i--) b[i] = (b[i]! - scale * offDiagonal[i]! * b[i + 1]!) / pivots[i]!;
}
