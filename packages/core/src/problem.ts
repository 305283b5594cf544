/**
 * @file The probe problem, the same for every solver:
 *
 *   F(W, b) = (1/n) Σᵢ -log softmax(W x̃ᵢ + b)[yᵢ] + (l2/2) ‖W‖²,   b free,
 *
 * where x̃ are the features after the declared scaling. scikit-learn's C is 1/(n·l2).
 */
import type { Features } from "./kernels/kernels.ts";

/**
 * What is done to each column before the penalty is applied; part of the probe's definition and of its result.
 * `none`: x̃ = x. `center`: x̃ = x - mean (same optimum as `none`, since b is free). `standardize`:
 * x̃ = (x - mean)/std; columns of zero variance become zero.
 */
export type Scaling = "none" | "center" | "standardize";

/** Rows of one role. The role is in the type, so that nothing that fits or selects accepts a test set. */
export interface LabelledFeatures<Role extends "train" | "validation" | "test"> {
  readonly role: Role;
  readonly features: Features; // X [n, d]
  readonly labels: Int32Array; // y [n], 0..classes-1
  readonly classes: number; // k
}

export interface ProbeProblem {
  readonly train: LabelledFeatures<"train">;
  readonly l2: number; // > 0
  readonly scaling: Scaling;
}

/** A probe's parameters for *declared* (unscaled, uncentred) features: logits = W x + b. */
export interface LinearProbe {
  readonly classes: number;
  readonly cols: number;
  readonly weights: Float64Array; // W [k, d]
  readonly bias: Float64Array; // b [k]
}
