/**
 * @file S = Q T Qᵀ with Q orthogonal and T tridiagonal, by Householder reflections (Golub & Van Loan 2013, alg. 8.3.1),
 * float64. One reduction makes every shifted system cheap: (λS + τI)⁻¹ v = Q (λT + τI)⁻¹ Qᵀ v.
 */

export interface Tridiagonal {
  readonly size: number;
  readonly diagonal: Float64Array; // [d]
  readonly offDiagonal: Float64Array; // [d-1]
  readonly q: Float64Array; // Q [d, d], row-major
}

/** Reduces a symmetric row-major S [d, d] (only its lower triangle is read). */
export function tridiagonalize(matrix: Float64Array, d: number): Tridiagonal {
  const a = matrix.slice();
  const diagonal = new Float64Array(d);
  const offDiagonal = new Float64Array(Math.max(0, d - 1));
  const beta = new Float64Array(d); // reflector m is I - beta[m] v vᵀ, v in row m of a, left of the diagonal
  const v = new Float64Array(d);
  const w = new Float64Array(d);
  // Row m is reduced from the bottom up: the part still to do is the leading block, which shrinks in place.
  for (let m = d - 1; m > 0; m--) {
    const row = a.subarray(m * d, m * d + m);
    diagonal[m] = a[m * d + m]!;
    beta[m] = reflector(row, m, v);
    offDiagonal[m - 1] = beta[m] === 0 ? row[m - 1]! : -Math.sign(row[m - 1]! || 1) * norm(row, m);
    if (beta[m]! > 0) {
      symmetricProduct(a, d, m, v, w);
      let vw = 0;
      for (let i = 0; i < m; i++) vw += v[i]! * w[i]!;
      for (let i = 0; i < m; i++) w[i] = beta[m]! * (w[i]! - 0.5 * beta[m]! * vw * v[i]!);
      rankTwoUpdate(a, d, m, v, w);
    }
    row.set(v.subarray(0, m));
  }
  diagonal[0] = a[0]!;
  return { size: d, diagonal, offDiagonal, q: accumulate(a, beta, d) };
}

/** v [m] and beta with (I - beta v vᵀ) x = ∓‖x‖ e_last. */
function reflector(x: Float64Array, m: number, v: Float64Array): number {
  v.set(x);
  let rest = 0;
  for (let i = 0; i < m - 1; i++) rest += x[i]! * x[i]!;
  if (!(rest > 0)) return 0;
  const last = x[m - 1]!;
  const length = Math.sqrt(rest + last * last);
  v[m - 1] = last + (last >= 0 ? length : -length);
  return 2 / (rest + v[m - 1]! * v[m - 1]!);
}

function norm(x: Float64Array, m: number): number {
  let sum = 0;
  for (let i = 0; i < m; i++) sum += x[i]! * x[i]!;
  return Math.sqrt(sum);
}

/**
 * w ← A v for the leading m × m block, of which the lower triangle is kept; each row serves both triangles. Four rows at
 * a time, here and below: a quarter of the traffic on the vectors.
 */
function symmetricProduct(a: Float64Array, d: number, m: number, v: Float64Array, w: Float64Array): void {
  w.fill(0, 0, m);
  let i = 0;
  for (; i + 3 < m; i += 4) {
    const [at0, at1, at2, at3] = [i * d, (i + 1) * d, (i + 2) * d, (i + 3) * d];
    const [v0, v1, v2, v3] = [v[i]!, v[i + 1]!, v[i + 2]!, v[i + 3]!];
    let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
    for (let j = 0; j < i; j++) {
      const a0 = a[at0 + j]!;
      const a1 = a[at1 + j]!;
      const a2 = a[at2 + j]!;
      const a3 = a[at3 + j]!;
      const vj = v[j]!;
      sum0 += a0 * vj;
      sum1 += a1 * vj;
      sum2 += a2 * vj;
      sum3 += a3 * vj;
      w[j]! += a0 * v0 + a1 * v1 + (a2 * v2 + a3 * v3);
    }
    w[i]! += sum0;
    w[i + 1]! += sum1;
    w[i + 2]! += sum2;
    w[i + 3]! += sum3;
    for (let row = i; row < i + 4; row++) addRow(a, d, row, i, v, w);
  }
  for (; i < m; i++) addRow(a, d, i, 0, v, w);
}

/** The part of row `i` from column `from` to the diagonal, for both triangles. */
function addRow(a: Float64Array, d: number, i: number, from: number, v: Float64Array, w: Float64Array): void {
  let sum = a[i * d + i]! * v[i]!;
  for (let j = from; j < i; j++) {
    sum += a[i * d + j]! * v[j]!;
    w[j]! += a[i * d + j]! * v[i]!;
  }
  w[i]! += sum;
}

/** A ← A - v wᵀ - w vᵀ on the lower triangle of the leading block; what spills above the diagonal is never read. */
function rankTwoUpdate(a: Float64Array, d: number, m: number, v: Float64Array, w: Float64Array): void {
  let i = 0;
  for (; i + 3 < m; i += 4) {
    const [at0, at1, at2, at3] = [i * d, (i + 1) * d, (i + 2) * d, (i + 3) * d];
    const [v0, v1, v2, v3] = [v[i]!, v[i + 1]!, v[i + 2]!, v[i + 3]!];
    const [w0, w1, w2, w3] = [w[i]!, w[i + 1]!, w[i + 2]!, w[i + 3]!];
    for (let j = 0; j <= i + 3; j++) {
      const vj = v[j]!;
      const wj = w[j]!;
      a[at0 + j]! -= v0 * wj + w0 * vj;
      a[at1 + j]! -= v1 * wj + w1 * vj;
      a[at2 + j]! -= v2 * wj + w2 * vj;
      a[at3 + j]! -= v3 * wj + w3 * vj;
    }
  }
  for (; i < m; i++) {
    for (let j = 0; j <= i; j++) a[i * d + j]! -= v[i]! * w[j]! + w[i]! * v[j]!;
  }
}

/** Q = H_{d-1} … H_1 from the reflectors kept in the rows of `a`. */
function accumulate(a: Float64Array, beta: Float64Array, d: number): Float64Array {
  const q = new Float64Array(d * d);
  for (let i = 0; i < d; i++) q[i * d + i] = 1;
  const u = new Float64Array(d);
  // H_m acts on the first m coordinates. Applied from the left in the order 1, 2, …: the block touched grows.
  for (let m = 1; m < d; m++) {
    if (beta[m] === 0) continue;
    const v = a.subarray(m * d, m * d + m);
    combineRows(q, d, m, v, u);
    subtractOuter(q, d, m, beta[m]!, v, u);
  }
  return q;
}

/** u ← vᵀQ over the leading m × m block. */
function combineRows(q: Float64Array, d: number, m: number, v: Float64Array, u: Float64Array): void {
  u.fill(0, 0, m);
  let i = 0;
  for (; i + 3 < m; i += 4) {
    const [at0, at1, at2, at3] = [i * d, (i + 1) * d, (i + 2) * d, (i + 3) * d];
    const [v0, v1, v2, v3] = [v[i]!, v[i + 1]!, v[i + 2]!, v[i + 3]!];
    for (let j = 0; j < m; j++) {
      u[j]! += v0 * q[at0 + j]! + v1 * q[at1 + j]! + (v2 * q[at2 + j]! + v3 * q[at3 + j]!);
    }
  }
  for (; i < m; i++) for (let j = 0; j < m; j++) u[j]! += v[i]! * q[i * d + j]!;
}

/** Q ← Q - beta·v uᵀ over the leading m × m block. */
function subtractOuter(q: Float64Array, d: number, m: number, beta: number, v: Float64Array, u: Float64Array): void {
  let i = 0;
  for (; i + 3 < m; i += 4) {
    const [at0, at1, at2, at3] = [i * d, (i + 1) * d, (i + 2) * d, (i + 3) * d];
    const [v0, v1, v2, v3] = [beta * v[i]!, beta * v[i + 1]!, beta * v[i + 2]!, beta * v[i + 3]!];
    for (let j = 0; j < m; j++) {
      const uj = u[j]!;
      q[at0 + j]! -= v0 * uj;
      q[at1 + j]! -= v1 * uj;
      q[at2 + j]! -= v2 * uj;
      q[at3 + j]! -= v3 * uj;
    }
  }
  for (; i < m; i++) for (let j = 0; j < m; j++) q[i * d + j]! -= beta * v[i]! * u[j]!;
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
