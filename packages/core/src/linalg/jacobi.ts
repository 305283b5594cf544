/** @file Eigenvalues of small symmetric matrices by cyclic Jacobi rotations (Golub & Van Loan 2013, §8.5). */

export interface SymmetricEigen {
  readonly values: Float64Array; // [n], in no particular order
  readonly vectors: Float64Array; // U [n, n], one eigenvector per column: A = U diag(values) Uᵀ
}

const MAX_SWEEPS = 30; // convergence is quadratic: 6 to 10 are usual

/** All eigenvalues and eigenvectors of a symmetric row-major A [n, n]; meant for n up to a few hundred. */
export function jacobiEigen(matrix: Float64Array, n: number): SymmetricEigen {
  const a = matrix.slice();
  const u = new Float64Array(n * n);
  for (let i = 0; i < n; i++) u[i * n + i] = 1;
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let rotated = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) rotated = rotate(a, u, n, p, q) || rotated;
    }
    if (!rotated) break;
  }
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i]!), vectors: u };
}

/** Makes a[p, q] zero; false when it already is, to working precision. */
function rotate(a: Float64Array, u: Float64Array, n: number, p: number, q: number): boolean {
  const apq = a[p * n + q]!;
  const app = a[p * n + p]!;
  const aqq = a[q * n + q]!;
  if (!(Math.abs(apq) > 1e-17 * Math.sqrt(Math.abs(app * aqq)) && Math.abs(apq) > 1e-300)) return false;
  const tau = (aqq - app) / (2 * apq);
  const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.hypot(1, tau));
  const c = 1 / Math.hypot(1, t);
  const s = t * c;
  for (let i = 0; i < n; i++) mix(a, i * n + p, i * n + q, c, s);
  for (let i = 0; i < n; i++) mix(a, p * n + i, q * n + i, c, s);
  for (let i = 0; i < n; i++) mix(u, i * n + p, i * n + q, c, s);
  a[p * n + q] = 0;
  a[q * n + p] = 0;
  return true;
}

function mix(a: Float64Array, at: number, other: number, c: number, s: number): void {
  const x = a[at]!;
  const y = a[other]!;
  a[at] = c * x - s * y;
  a[other] = s * x + c * y;
}
