/**
 * @file A proof about a probe, whoever made it (Fenchel duality: Boyd & Vandenberghe 2004, ch. 5).
 *
 * Let b* solve Σᵢ(pᵢ - yᵢ) = 0 for the probe's weights, p = softmax(X̃W + b*), G = X̃ᵀ(p - y)/n. Then p is dual feasible:
 *
 *   F(W, b*) - F*  ≤  ‖G + l2·W‖² / (2·l2),   and   dualityGap = that + F(W, b) - F(W, b*).
 *
 * Computed in float64 by the exact kernels, never from a solver's own numbers. As l2 → 0 the bound grows.
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
