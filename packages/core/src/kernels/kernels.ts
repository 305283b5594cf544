/**
 * @file What a back end must do with X. Two back ends implement it: `wasm` (float32 products, float64 sums, threads)
 * and `reference` (plain TypeScript, float64), which is the test oracle of the first.
 *
 * Everything here works in *kernel coordinates*: features x - c, where c [d] is the bound view's shift, an exact
 * float32 number per column; no scale (a scale folds into the weights, see oracle.ts). Nothing here counts passes and
 * nothing here knows l2: see oracle.ts.
 *
 * Shapes: n rows, d cols, k classes. Weights W [k, d] class-major, bias b [k], margins Z = (X - c) Wᵀ + b [n, k].
 */
import { reject } from "../errors.ts";
import type { SampleOfRows } from "./weighted-rows.ts";

/** X [n, d] float32, immutable once finished. */
export interface Features {
  readonly rows: number;
  readonly cols: number;
  /** sha256 of shape and float32 content, for provenance and cache keys. */
  readonly hash: string;
  /** Where the bytes live; `file` and `buffer` are brought in block by block, on every pass. */
  readonly storage: "memory" | "buffer" | "file";
  /** Column means and variances (1/n), float64 with fixed summation order. */
  moments(): { readonly mean: Float64Array; readonly variance: Float64Array };
  /** Copies the rows named into a fresh row-major float32 array [rows.length, d]. */
  readRows(rows: ArrayLike<number>): Float32Array;
  /** The first rows as features of their own that share the bytes, for as long as these are not released. */
  head(rows: number): Features;
  /** Gives the memory back. Using the features afterwards throws. */
  release(): void;
}

/** What `head` may be asked for. */
export function checkHead(first: number, rows: number): void {
  if (!(Number.isInteger(first) && first >= 1 && first <= rows)) reject("head", `rows must be 1..${rows}`, first);
}

/** Fills X in any order of row blocks, straight into its final place. */
export interface FeatureWriter {
  /** Copies `block` [m, d] to rows rowStart .. rowStart+m-1. NaN or infinity is an InputError naming row and column. */
  write(rowStart: number, block: Float32Array): void;
  /**
   * Where those rows will lie, in shared memory, for any thread to fill. `write` of the very same array then only looks
   * at it. Undefined where `write` has to copy.
   */
  place(rowStart: number, rows: number): Float32Array | undefined;
  /** Every row must have been written. */
  finish(): Features;
  /** Gives up: frees the memory, removes the file. */
  abandon(): void;
}

export interface CreateFeaturesOptions {
  readonly rows: number;
  readonly cols: number;
  /** Default: `memory` while it fits the runtime's memory, else `buffer`; `file` must be asked for, with a path. */
  readonly storage?: "memory" | "buffer" | "file";
  readonly path?: string;
  /** Names the matrix in error messages, e.g. "conv1_postact". */
  readonly name?: string;
}

/** A set of worker threads with shared memory. Results never depend on `threads`. */
export interface Runtime {
  readonly backend: "wasm" | "reference";
  readonly threads: number;
  createFeatures(options: CreateFeaturesOptions): FeatureWriter;
  /** Binds features to one labelling. Several bindings may share the same features. */
  bind(features: Features, binding: Binding): ProblemKernels;
  /**
   * `valueAndGradient` and `backward` of several bindings of the same features with the same shift, in one traversal of
   * X, with the bits that each would have alone. Both return the mean losses.
   */
  valueTogether(products: readonly ValueProduct[]): number[];
  backwardTogether(products: readonly GradientProduct[]): number[];
  /**
   * `rmspropEpoch` of several bindings of the same features, batch by batch: what the same batch of rows is for the one, it
   * is for the others out of a cache. Returns what each would.
   */
  sweepsTogether(products: readonly SweepProduct[]): number[];
  /** Rows of a sample as features of their own: √ω((x - c) ∘ s; 1) [m, d+1]. */
  weightedRows(features: Features, sample: SampleOfRows): Features;
  dispose(): Promise<void>;
}

export interface GradientProduct {
  readonly kernels: ProblemKernels;
  readonly margins: Margins;
  readonly gradient: Float64Array;
  readonly biasGradient: Float64Array;
}

/** As `valueAndGradient` takes them; the margins are written. */
export interface ValueProduct extends GradientProduct {
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  readonly from?: Margins | undefined;
}

export interface SweepProduct {
  readonly kernels: ProblemKernels;
  readonly sweep: MinibatchSweep;
}

export interface Binding {
  readonly labels: Int32Array; // y [n], 0..classes-1
  readonly classes: number; // k
  /** c [d]; absent means zero. Rounded to float32 by the caller (Math.fround), so both back ends shift alike. */
  readonly shift?: Float64Array;
}

/** Margins Z [n, k] and what else a back end keeps beside them. Opaque outside the back end, except by `read`. */
export interface Margins {
  readonly rows: number;
  readonly classes: number;
  /** A float64 copy of Z [n, k]. */
  read(): Float64Array;
  /** Z ← values [n, k], so that a solver's state can be kept and taken up again with the same bits. */
  write(values: Float64Array): void;
}

/** Sums over the rows of the loss along Z + t D, divided by n. */
export interface LineValues {
  readonly loss: number; // mean cross-entropy, nats
  readonly slope: number; // d loss / dt
  readonly curvature: number; // d² loss / dt²
}

export interface Evaluation {
  readonly loss: number; // mean cross-entropy, nats
  /** Rows whose label is not the first class of greatest margin. */
  readonly errors: number;
}

export interface ProblemKernels {
  readonly rows: number;
  readonly cols: number;
  readonly classes: number;

  /** A fresh margin buffer, all zero. Release it when done. */
  createMargins(): Margins;
  releaseMargins(margins: Margins): void;

  // --- products that traverse X (fast precision) ---
  /** Z ← (X-c) Wᵀ + b. Half a pass. */
  forward(weights: Float64Array, bias: Float64Array, out: Margins): void;
  /** G ← (X-c)ᵀ(p - y)/n, gBias ← mean(p - y) with p = softmax(Z); returns mean cross-entropy. Half a pass. */
  backward(margins: Margins, gradient: Float64Array, biasGradient: Float64Array): number;
  /**
   * forward and backward fused in one traversal. One pass. The margins, where they are asked for, are those of forward
   * but for a number of each row's own, which changes neither a probability nor a loss. Of a point near by whose margins
   * are known, `from`, give the weights and the bias of the step from there: they are few digits from the point itself.
   */
  valueAndGradient(
    weights: Float64Array,
    bias: Float64Array,
    gradient: Float64Array,
    biasGradient: Float64Array,
    margins?: Margins,
    from?: Margins,
  ): number;
  /** The Hessian of the mean cross-entropy at Z times (V [k,d], v [k]) → out, outBias. One pass. */
  hessianVector(margins: Margins, v: Float64Array, vBias: Float64Array, out: Float64Array, outBias: Float64Array): void;
  /**
   * Σᵢ ωᵢ x̃ᵢ x̃ᵢᵀ / m over the rows named (all rows when absent), x̃ = x - c, as a full symmetric float64 [d, d];
   * ω = 1 when absent. One pass times m/n.
   */
  gram(rows?: Int32Array, rowWeights?: Float64Array): Float64Array;
  /** Loss and errors of given weights, traversing X once. Half a pass. */
  evaluate(weights: Float64Array, bias: Float64Array): Evaluation;

  // --- the same in float64 throughout, for certificates. No shift: x, not x - c. ---
  forwardExact(weights: Float64Array, bias: Float64Array, out: Margins): void;
  backwardExact(margins: Margins, gradient: Float64Array, biasGradient: Float64Array): number;

  // --- work on margins only: O(nk), no pass ---
  /** Loss, slope and curvature at Z + t D. */
  along(margins: Margins, direction: Margins, t: number): LineValues;
  /** Z ← Z + t D. */
  advance(margins: Margins, direction: Margins, t: number): void;
  /** Zᵢ ← Zᵢ + shift for all rows. */
  addBias(margins: Margins, shift: Float64Array): void;
  /** mean(p - y) [k] and mean(diag(p) - p pᵀ) [k, k] at Z, float64. */
  classMoments(margins: Margins): { readonly residual: Float64Array; readonly covariance: Float64Array };
  /** Loss and errors at Z, without touching X. */
  score(margins: Margins): Evaluation;
  /** p = softmax(Z) [n, k], float64 copy; [m, k] of m rows when they are given. */
  probabilities(margins: Margins, rows?: Int32Array): Float64Array;
  /** tr(diag p - p pᵀ) = 1 - Σ p² [n] at Z: how unsure each row is. */
  uncertainties(margins: Margins): Float64Array;

  // --- row-wise loops of the stochastic solvers ---
  /**
   * One sweep of minibatch RMSProp over `order` (Hinton 2012, lecture 6e; TensorFlow form):
   * g ← batch gradient + penalty ∘ W;  s ← ρ s + (1-ρ) g²;  θ ← θ - lr g / (sqrt(s) + ε).
   * Updates weights, bias and the two accumulators in place; returns the mean loss seen along the way.
   */
  rmspropEpoch(sweep: MinibatchSweep): number;
  /** Steps of a variance-reduced method over `order`; see {@link RowSweep}. Returns the mean loss seen along the way. */
  rowSweep(sweep: RowSweep): number;
}

export interface MinibatchSweep {
  readonly order: Int32Array; // row numbers, any length; the last batch may be shorter
  readonly batch: number;
  readonly weights: Float64Array; // [k, d], in place
  readonly bias: Float64Array; // [k], in place
  readonly weightsSquare: Float64Array; // s for W, in place
  readonly biasSquare: Float64Array; // s for b, in place
  /** Per-column l2 coefficient [d]: l2/scale² in kernel coordinates. */
  readonly penalty: Float64Array;
  /** lr of W per column [d]: learningRate·scale, so that the sweep is exactly one on scaled features. */
  readonly weightsRate: Float64Array;
  /** ε of W per column [d]: ε/scale. */
  readonly weightsEpsilon: Float64Array;
  readonly learningRate: number; // lr of the bias
  readonly epsilon: number; // ε of the bias
  readonly decay: number; // ρ
}

/**
 * A run of SAG (Schmidt, Le Roux & Bach 2013), SAGA (Defazio et al. 2014) or SVRG (Johnson & Zhang 2013) over `order`.
 * A step takes `batch` rows i, δᵢ = softmax(zᵢ) - yᵢ - Rᵢ and s = Σ δᵢ x̃ᵢ; then
 *
 *   W ← (1 - η λ) ∘ W - η s² ∘ (a s + g G),   b ← b - η (a Σ δᵢ + g Gᵇ),   G ← G + u s,   Rᵢ ← Rᵢ + u δᵢ
 *
 *   sag: a = g = 1/m, u = 1.   saga: a = 1/batch, g = 1/m, u = 1.   svrg: a = 1/batch, g = 1, u = 0,
 *
 * where m counts the rows seen, s² is columnScale², and λ the penalty of each column. With R = 0 and G = 0 and no row seen, sag with η = 0 fills R
 * and G with the residuals and the gradient sum of the rows in `order` at the given weights.
 */
export interface RowSweep {
  readonly method: "sag" | "saga" | "svrg";
  readonly order: Int32Array; // row numbers, any length, repeats allowed
  readonly batch: number; // rows of a step; the last may have fewer
  readonly weights: Float64Array; // W [k, d], in place
  readonly bias: Float64Array; // b [k], in place
  /** R [n, k]: each row's remembered residual; in place, for svrg only read (p - y at the snapshot). */
  readonly residuals: Float64Array;
  /** G [k, d] = Σ Rᵢ x̃ᵢ over the rows seen, in place; for svrg the snapshot's mean gradient, only read. */
  readonly gradient: Float64Array;
  readonly biasGradient: Float64Array; // Gᵇ [k], likewise
  /** 1 for rows seen [n], in place; svrg ignores it. */
  readonly seen: Uint8Array;
  /** Square of each column's scale [d]: a step in scaled coordinates, done in kernel coordinates. */
  readonly columnScaleSquare: Float64Array;
  readonly penalty: Float64Array; // λ [d]: l2 in the coordinates that the step is taken in
  readonly learningRate: number; // η; not used with a line search
  /** SAG's line search on L, η = 1/(L + max λ): `lipschitz` is updated in place, on the first row of each step. */
  readonly lineSearch?: { lipschitz: number };
}
