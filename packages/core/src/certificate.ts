/**
 * @file A proof about a probe, whoever made it (Fenchel duality: Boyd & Vandenberghe 2004, ch. 5).
 *
 * With b solved so that Σᵢ(pᵢ - yᵢ) = 0 and G = X̃ᵀ(p - y)/n, the probabilities p are dual feasible, and
 *
 *   F(W, b) - F*  ≤  dualityGap  =  ‖G + l2·W‖² / (2·l2).
 *
 * Computed in float64 by the exact kernels, never from a solver's own numbers.
 */
export interface Certificate {
  readonly objective: number; // F(W, b), nats
  readonly loss: number; // mean cross-entropy, nats
  readonly dualityGap: number; // nats; F - F* ≤ this
  /** dualityGap / (objective - dualityGap): bounds the relative suboptimality (F - F*)/F*; Infinity if gap ≥ objective. */
  readonly relativeGap: number;
  /** Fraction of the training rows misclassified; no part of the proof, but free with it. */
  readonly trainError: number;
}
