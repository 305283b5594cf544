/**
 * @file All that a solver may see of a problem, in *solver coordinates*: θ = (W [k, d], b [k]) as one Float64Array of
 * k·d + k numbers, features centred (unless the run asks for coordinates "as-declared") and scaled as the probe
 * declares. Centring is an exact change of variables because b is free. "whitened": centred and turned to the principal
 * axes (principal-axes.ts), also exact, where the row-wise methods step by `metric`. The oracle counts what is used.
 */
import type { LineValues, Margins, RowSweep } from "./kernels/kernels.ts";

export type Coordinates = "centred" | "as-declared" | "whitened";

export interface Oracle {
  readonly rows: number; // n
  readonly cols: number; // d
  readonly classes: number; // k
  readonly l2: number;
  readonly dimension: number; // k·d + k

  /**
   * What `rowSweep` multiplies a step in each column by [d]: 1, or principal-axes.ts's for whitened features. A step
   * is then one in coordinates scaled by its root, where a row counts as ‖uᵢ‖² = Σ metricⱼ x̃ᵢⱼ², the penalty as l2·metric.
   */
  readonly metric: Float64Array;

  /** The same object for oracles that differ in nothing but l2: what is derived from X alone may be kept under it. */
  readonly derivedKey: object;

  /** Traversals of X so far: forward ½, backward ½, a row gradient 1/n. */
  readonly passes: number;
  /** Row gradients so far (= n for a full gradient). */
  readonly rowGradients: number;

  /**
   * F(θ); writes ∇F(θ) to `gradient`, and θ's margins to `margins`, if given. One pass. Products are float32: margins that
   * come `from` those of a point near by are as exact as the step is small.
   */
  valueAndGradient(theta: Float64Array, gradient: Float64Array, margins?: Margins, from?: From): number;

  createMargins(): Margins;
  releaseMargins(margins: Margins): void;
  /** Z ← logits of θ (linear in θ: also the margins of a direction). Half a pass. */
  margins(theta: Float64Array, out: Margins): void;
  /** F and ∇F at θ whose margins are Z. Half a pass. */
  gradientAt(margins: Margins, theta: Float64Array, gradient: Float64Array): number;
  /** F along θ + t·δ by margins only, penalty included. No pass. */
  along(line: Line, t: number): LineValues;
  /** Z ← Z + t D. No pass. */
  advance(margins: Margins, direction: Margins, t: number): void;
  /** ∇²F at Z times v. One pass. */
  hessianVector(margins: Margins, v: Float64Array, out: Float64Array): void;
  /** mean(diag p - p pᵀ) [k, k] at Z. No pass. */
  classCovariance(margins: Margins): Float64Array;
  /** X̃ᵀX̃/m [d, d] over the given rows or all; with ω, Σ ωᵢ x̃ᵢx̃ᵢᵀ/m. m/n passes. */
  gram(rows?: Int32Array, rowWeights?: Float64Array): Float64Array;
  /** X̃ rows [m, d]. m/n of half a pass. */
  sampleRows(rows: Int32Array): Float32Array;
  /** Copies rows as (x̃ᵢ; 1) with weights ωᵢ ≥ 0, for curvature on a sample. m/n of half a pass. */
  weightedRows(rows: Int32Array, weights: Float64Array): WeightedRows;
  /** Per-column mean square of x̃ [d] (set-up knowledge, no pass counted). */
  columnMeanSquares(): Float64Array;
  /** softmax(Z) [n, k], or [m, k] of the rows given. No pass. */
  probabilities(margins: Margins, rows?: Int32Array): Float64Array;
  /** tr(diag p - p pᵀ) [n] at Z. No pass. */
  uncertainties(margins: Margins): Float64Array;
  /** A dense matrix A [rows, cols] in the back end's memory, for as long as what is kept under `derivedKey`. No pass. */
  operator(values: Float32Array, rows: number, cols: number): Operator;
  /** One minibatch RMSProp sweep over `order`; θ and its squares are updated in place. order.length/n passes. */
  rmspropEpoch(sweep: RmspropSweep): number;
  /** p - y [n, k] at Z. No pass. */
  residuals(margins: Margins): Float64Array;
  /** Steps of SAG, SAGA or SVRG over `order`; what they are is said at `RowSweep` of the kernels. order.length/n passes. */
  rowSweep(sweep: StochasticSweep): number;
}

/** A point whose margins are known, and the step from there to θ. */
export interface From {
  readonly margins: Margins;
  readonly step: Float64Array;
}

/** A matrix A [rows, cols] that multiplies as fast as X does. */
export interface Operator {
  /** V [k, cols] → V Aᵀ [k, rows]. */
  product(v: Float64Array): Float64Array;
  /** AᵀA/rows [cols, cols]. */
  gram(): Float64Array;
}

export interface WeightedRows {
  /** Mean of ωᵢ(x̃ᵢ; 1)(x̃ᵢ; 1)ᵀ [d+1, d+1] over the copied rows from `start` to before `end`. (end - start)/n passes. */
  gram(start: number, end: number): Float64Array;
  release(): void;
}

export interface Line {
  readonly margins: Margins; // Z of θ
  readonly direction: Margins; // D of δ
  readonly theta: Float64Array;
  readonly delta: Float64Array;
}

export interface RmspropSweep {
  readonly order: Int32Array;
  readonly batch: number;
  readonly theta: Float64Array; // in place
  readonly square: Float64Array; // [k·d + k], in place
  readonly learningRate: number;
  readonly decay: number;
  readonly epsilon: number;
}

export interface StochasticSweep {
  readonly method: RowSweep["method"];
  readonly order: Int32Array;
  readonly batch: number;
  readonly theta: Float64Array; // in place
  readonly residuals: Float64Array; // R [n, k]; in place, svrg only reads
  /** G [k·d + k] in solver coordinates, without l2: Σ Rᵢ(x̃ᵢ; 1), for svrg the mean at the snapshot; in place likewise. */
  readonly gradient: Float64Array;
  readonly seen: Uint8Array; // [n]; in place, svrg ignores it
  readonly learningRate: number;
  readonly lineSearch?: { lipschitz: number };
}
