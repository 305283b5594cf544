/**
 * @file S ≈ X̃ᵀX̃/n from a sample of rows, kept so that (λS + l2·I)⁻¹ is cheap for every λ.
 *
 * Up to PRIMAL_COLUMNS: S = Q T Qᵀ of the sample's Gram matrix, a tridiagonal solve between two products with Q.
 * Beyond, or with fewer rows than columns, S has m rows A/√m and K = AAᵀ/m = Q T Qᵀ [m, m] (Woodbury):
 *
 *   (λS + τI)⁻¹ v = (v - (λ/m) Aᵀ (λK + τI)⁻¹ A v) / τ,   τ = l2 + λρ.
 *
 * ρ is the mean square of x̃ per direction outside the sampled rows' span, measured on rows held out: without it, those
 * directions would be taken to have no curvature at all. (Of all rows none is held out: they have none there.)
 */
import {
  rootStream,
  rowsForMoments,
  solveShifted,
  spreadRows,
  tridiagonalize,
  type Operator,
  type Oracle,
  type Stream,
  type Tridiagonal,
} from "@linear-probes/core";

export interface SecondMoments {
  /** Row c of V [k, d] ← (λ_c S + l2·I)⁻¹ of it, in a new array. */
  solve(lambda: Float64Array, l2: number, v: Float64Array): Float64Array;
}

const PRIMAL_COLUMNS = 1024; // S [d, d] up to here; beyond, K of at most as many rows
const HELD_OUT_ROWS = 64;
const LEAST_ROWS = 512;

/**
 * Products with the sample and its reduction, in passes over all rows, that a larger sample may cost. Half the sample
 * takes the fit a tenth more passes; a thousand of five thousand rows, 25,088 wide, cost as much as twenty.
 */
const SAMPLE_PASSES = 3;

/** Always the same rows: no probe then depends on a seed, nor one on another. */
const sampleStream = (): Stream => rootStream("second-moments");

const kept = new WeakMap<object, SecondMoments>();

/** The second moments of an oracle's rows, made on first use and kept for oracles that differ only in l2. */
export function secondMoments(oracle: Oracle): SecondMoments {
  const known = kept.get(oracle.derivedKey);
  if (known !== undefined) return known;
  const made = isPrimal(oracle) ? primal(oracle) : dual(oracle);
  kept.set(oracle.derivedKey, made);
  return made;
}

const isPrimal = ({ rows, cols }: Oracle): boolean => cols <= Math.min(PRIMAL_COLUMNS, rows);

/** Whether there are directions of which S knows no more than their mean square. */
export function isPartial(oracle: Oracle): boolean {
  return !isPrimal(oracle) && sampleSize(oracle) < oracle.rows;
}

function primal(oracle: Oracle): SecondMoments {
  const { rows: n, cols: d } = oracle;
  const gram = oracle.gram(rowsForMoments(n, d, sampleStream()));
  const reduced = tridiagonalize(gram, d);
  const basis = orthogonal(oracle, reduced);
  return {
    solve(lambda, l2, v) {
      const inside = basis.transposed.product(v); // rows of V Q
      solveEach(reduced, lambda, () => l2, inside);
      return basis.plain.product(inside);
    },
  };
}

function dual(oracle: Oracle): SecondMoments {
  const { rows: n, cols: d } = oracle;
  const m = sampleSize(oracle);
  const held = Math.min(HELD_OUT_ROWS, n - m);
  const chosen = spreadRows(n, m + held, sampleStream());
  // The held-out rows are spread evenly through the sample.
  const isHeld = (at: number): boolean =>
    Math.floor(((at + 1) * held) / (m + held)) > Math.floor((at * held) / (m + held));
  const a = oracle.sampleRows(chosen.filter((_, at) => !isHeld(at))); // A [m, d]
  const outside = oracle.sampleRows(chosen.filter((_, at) => isHeld(at)));
  const rowsOperator = oracle.operator(a, m, d);
  const colsOperator = oracle.operator(transposed(a, m, d), d, m); // Aᵀ
  const gram = colsOperator.gram().map((value) => (value * d) / m); // K = AAᵀ/m
  const reduced = tridiagonalize(gram, m);
  const basis = orthogonal(oracle, reduced);
  const rho = outsideVariance(oracle, outside, rowsOperator, basis, reduced, m);
  return {
    solve(lambda, l2, v) {
      const inside = basis.transposed.product(rowsOperator.product(v));
      solveEach(reduced, lambda, (scale) => l2 + scale * rho, inside);
      const back = colsOperator.product(basis.plain.product(inside));
      for (let c = 0; c < lambda.length; c++) {
        const scale = lambda[c]!;
        const tau = l2 + scale * rho;
        for (let j = 0; j < d; j++) back[c * d + j] = (v[c * d + j]! - (scale / m) * back[c * d + j]!) / tau;
      }
      return back;
    },
  };
}

/** Rows of the sample. K takes m²d multiply-adds, its reduction slower ones that count as 3m³; a pass is 2ndk. */
function sampleSize({ rows: n, cols: d, classes: k }: Oracle): number {
  let m = PRIMAL_COLUMNS;
  while (m > LEAST_ROWS && m * m * (d + 3 * m) > SAMPLE_PASSES * 2 * n * d * k) m -= 64;
  return Math.min(m, n);
}

interface Basis {
  readonly plain: Operator; // Q
  readonly transposed: Operator; // Qᵀ
}

function orthogonal(oracle: Oracle, { q, size }: Tridiagonal): Basis {
  return {
    plain: oracle.operator(Float32Array.from(q), size, size),
    transposed: oracle.operator(transposed(q, size, size), size, size),
  };
}

/** Row c of `v` ← (λ_c T + shift(λ_c) I)⁻¹ of it. */
function solveEach(t: Tridiagonal, lambda: Float64Array, shift: (scale: number) => number, v: Float64Array): void {
  for (let c = 0; c < lambda.length; c++) {
    solveShifted(t, lambda[c]!, shift(lambda[c]!), v.subarray(c * t.size, (c + 1) * t.size));
  }
}

/** Mean over the rows of `outside` of ‖x - Px‖²/(d - m), P the projection on the span of the rows of A. */
function outsideVariance(
  oracle: Oracle,
  outside: Float32Array,
  rowsOperator: Operator,
  basis: Basis,
  reduced: Tridiagonal,
  m: number,
): number {
  const { cols: d, classes: k } = oracle;
  const count = Math.floor(outside.length / (d * k)) * k; // operators take k rows at a time
  if (count === 0) return 0;
  const ridge = (1e-6 * reduced.diagonal.reduce((sum, value) => sum + value, 0)) / m;
  let rest = 0;
  for (let start = 0; start < count; start += k) {
    const x = Float64Array.from(outside.subarray(start * d, (start + k) * d)); // [k, d]
    const projected = basis.transposed.product(rowsOperator.product(x)); // Qᵀ A x
    const solved = projected.slice();
    solveEach(reduced, new Float64Array(k).fill(m), () => m * ridge, solved);
    for (let at = 0; at < x.length; at++) rest += x[at]! * x[at]!;
    for (let at = 0; at < solved.length; at++) rest -= projected[at]! * solved[at]!;
  }
  return Math.max(0, rest / (count * (d - m)));
}

/** In square tiles: whole columns would touch a page for every number. */
function transposed(a: Float32Array | Float64Array, rows: number, cols: number): Float32Array {
  const out = new Float32Array(rows * cols);
  for (let first = 0; first < rows; first += TILE) {
    for (let left = 0; left < cols; left += TILE) {
      for (let i = first; i < Math.min(rows, first + TILE); i++) {
        for (let j = left; j < Math.min(cols, left + TILE); j++) out[j * rows + i] = a[i * cols + j]!;
      }
    }
  }
  return out;
}

const TILE = 32;
