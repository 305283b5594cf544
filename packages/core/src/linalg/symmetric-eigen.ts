/**
 * @file All eigenvalues and eigenvectors of a symmetric matrix: Householder's tridiagonal form, then implicit QL steps with
 * Wilkinson's shift (Bowdler et al. 1968, tql2; Press et al. 2007, §11.4). O(d³), for d up to a thousand or so.
 */
import { tridiagonalize } from "./tridiagonal.ts";

export interface PrincipalDirections {
  readonly values: Float64Array; // [d], in no particular order
  readonly axes: Float64Array; // [d, d]: row j is the unit eigenvector of value j
}

const MAX_STEPS = 60; // for one eigenvalue; 2 are usual
const EPSILON = 2 ** -52;

/** A = Σⱼ valuesⱼ axesⱼ axesⱼᵀ for a row-major A [d, d], of which the lower triangle is read. */
export function symmetricEigen(matrix: Float64Array, d: number): PrincipalDirections {
  const { diagonal, offDiagonal, q } = tridiagonalize(matrix, d);
  const values = diagonal.slice();
  const off = new Float64Array(d);
  off.set(offDiagonal);
  // Vectors as rows: a rotation of two of them then runs along memory.
  const axes = new Float64Array(d * d);
  for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) axes[j * d + i] = q[i * d + j]!;
  let size = 0;
  for (let i = 0; i < d; i++) size = Math.max(size, Math.abs(values[i]!) + Math.abs(off[i]!));
  for (let l = 0; l < d; l++) {
    for (let step = 0; step < MAX_STEPS; step++) {
      let m = l;
      while (m < d - 1 && Math.abs(off[m]!) > EPSILON * size) m++;
      if (m === l) break;
      qlStep(values, off, axes, l, m);
    }
  }
  return { values, axes };
}

/** One implicit QL step on the block l .. m, whose off-diagonal numbers are not zero. */
function qlStep(values: Float64Array, off: Float64Array, axes: Float64Array, l: number, m: number): void {
  const d = values.length;
  const half = (values[l + 1]! - values[l]!) / (2 * off[l]!);
  const root = Math.sqrt(half * half + 1);
  let g = values[m]! - values[l]! + off[l]! / (half + (half >= 0 ? root : -root));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = s * off[i]!;
    const b = c * off[i]!;
    const r = Math.sqrt(f * f + g * g);
    off[i + 1] = r;
    if (r === 0) {
      // The block has split: what remains is another block's work.
      values[i + 1]! -= p;
      off[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = values[i + 1]! - p;
    const t = (values[i]! - g) * s + 2 * c * b;
    p = s * t;
    values[i + 1] = g + p;
    g = c * t - b;
    rotate(axes.subarray(i * d, (i + 1) * d), axes.subarray((i + 1) * d, (i + 2) * d), c, s);
  }
  values[l]! -= p;
  off[l] = g;
  off[m] = 0;
}

function rotate(a: Float64Array, b: Float64Array, c: number, s: number): void {
  for (let j = 0; j < a.length; j++) {
    const [x, y] = [a[j]!, b[j]!];
    a[j] = c * x - s * y;
    b[j] = s * x + c * y;
  }
}
