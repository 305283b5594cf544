/**
 * @file Features turned to the principal axes of their second moments S = X̃ᵀX̃/n = Aᵀ diag(v) A: u = A x̃. A turn changes
 * neither the logits (W̃ = V A) nor the penalty (‖V‖ = ‖W̃‖), so the problem in V is exactly the problem in W̃, and
 * whitening is a step size for each column.
 *
 * The copy of X is made once, in float32, from x - mean. S comes from a sample of rows: a poor S makes slow steps, not
 * wrong ones.
 */
import type { ColumnMap } from "./column-map.ts";
import type { Features, ProblemKernels, Runtime } from "./kernels/kernels.ts";
import { matrixFeatures } from "./kernels/matrix-features.ts";
import { symmetricEigen } from "./linalg/symmetric-eigen.ts";
import { rowsForMoments } from "./spread-rows.ts";
import { rootStream } from "./stream.ts";

export interface PrincipalAxes {
  readonly features: Features; // U [n, d]
  readonly axes: Float32Array; // A [d, d], row j is axis j
  readonly variances: Float64Array; // v [d]
  /** Traversals of X that made it: m/n for S and a half for the copy, as the oracle counts. */
  readonly passes: number;
}

const BLOCK_ROWS = 240; // turned at once

/** Makes the copy; `kernels` are bound to `features` with the map's shift. */
export function principalAxes(
  runtime: Runtime,
  features: Features,
  kernels: ProblemKernels,
  map: ColumnMap,
): PrincipalAxes {
  const { rows: n, cols: d } = features;
  const rows = rowsForMoments(n, d, rootStream("principal-axes")); // always the same ones
  const s = kernels.gram(rows);
  for (let a = 0; a < d; a++) for (let b = 0; b < d; b++) s[a * d + b]! *= map.scale[a]! * map.scale[b]!;
  const { values, axes: exact } = symmetricEigen(s, d);
  const axes = Float32Array.from(exact);
  const variances = values.map((value) => Math.max(0, value));
  return { features: turn(runtime, features, map, axes), axes, variances, passes: (rows?.length ?? n) / n + 1 / 2 };
}

/** U = X̃ Aᵀ, a block of rows at a time: the axes are the matrix, the rows its weights. */
function turn(runtime: Runtime, features: Features, map: ColumnMap, axes: Float32Array): Features {
  const { rows: n, cols: d } = features;
  const matrix = matrixFeatures(runtime, { values: axes, rows: d, cols: d, name: "axes" });
  const writer = runtime.createFeatures({ rows: n, cols: d, name: "whitened features" });
  try {
    const block = Math.max(2, Math.min(BLOCK_ROWS, n));
    const product = runtime.bind(matrix, { labels: new Int32Array(d), classes: block });
    const margins = product.createMargins();
    const rows = new Float64Array(block * d);
    const noBias = new Float64Array(block);
    for (let start = 0; start < n; start += block) {
      const count = Math.min(block, n - start);
      const x = features.readRows(Array.from({ length: count }, (_, i) => start + i));
      for (let at = 0; at < x.length; at++) rows[at] = (x[at]! - map.shift[at % d]!) * map.scale[at % d]!;
      product.forward(rows, noBias, margins);
      const turned = margins.read(); // [d, block]
      const out = new Float32Array(count * d);
      for (let i = 0; i < count; i++) for (let j = 0; j < d; j++) out[i * d + j] = turned[j * block + i]!;
      writer.write(start, out);
    }
    product.releaseMargins(margins);
    return writer.finish();
  } catch (cause) {
    writer.abandon();
    throw cause;
  } finally {
    matrix.release();
  }
}

/**
 * The metric of a row-wise step, 1/√((v + τ)(max v + τ)): S^(-1/2), regularised. A method whose steps are bounded by the
 * smoothness of single rows, Σ metricⱼ vⱼ, and that has ‖V*‖² = Σ Vⱼ²/metricⱼ to go, an isotropic V* being what the penalty
 * expects, does best with the root (Cauchy & Schwarz; so does AdaGrad's full matrix, Duchi, Hazan & Singer 2011, §1.1). S⁻¹,
 * which makes the Hessian round, lets every small direction count in every row: more than four times the passes of SAGA
 * on a standardised layer of an untrained network.
 */
export function stepMetric({ variances }: PrincipalAxes, tau: number): Float64Array {
  const most = variances.reduce((a, b) => Math.max(a, b), 0);
  return variances.map((v) => 1 / Math.sqrt((v + tau) * (most + tau)));
}

/** V [k, d] and biases → W̃ = V A, biases as they are. */
export function fromAxes(axes: Float32Array, classes: number, theta: Float64Array): Float64Array {
  return turnRows(axes, classes, theta, (j, i, d) => j * d + i);
}

/** W̃ [k, d] and biases → V = W̃ Aᵀ. */
export function toAxes(axes: Float32Array, classes: number, theta: Float64Array): Float64Array {
  return turnRows(axes, classes, theta, (j, i, d) => i * d + j);
}

function turnRows(
  axes: Float32Array,
  classes: number,
  theta: Float64Array,
  at: (from: number, to: number, d: number) => number,
): Float64Array {
  const d = Math.sqrt(axes.length);
  const out = new Float64Array(theta.length);
  for (let c = 0; c < classes; c++) {
    for (let j = 0; j < d; j++) {
      const weight = theta[c * d + j]!;
      for (let i = 0; i < d; i++) out[c * d + i]! += weight * axes[at(j, i, d)]!;
    }
  }
  out.set(theta.subarray(classes * d), classes * d);
  return out;
}
