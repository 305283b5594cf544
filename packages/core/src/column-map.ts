/**
 * @file The change of variables between a probe on raw features and a solver's θ:
 *
 *   logits = W̃ ((x - shift) ∘ scale) + b̃  =  W x + b,   W = W̃ ∘ scale,   b = b̃ - W shift.
 *
 * The penalty is on W̃. Shifting is exact because b is free; scaling is what the probe declares.
 */
import type { Features } from "./kernels/kernels.ts";
import type { Coordinates } from "./oracle.ts";
import type { LinearProbe, Scaling } from "./problem.ts";

export interface ColumnMap {
  readonly shift: Float64Array; // c [d], float32 numbers
  readonly scale: Float64Array; // s [d]; 0 for a column that `standardize` drops
}

/**
 * Float32 columns whose deviation is below 3e-7 of their mean hold nothing but rounding; `standardize` would blow it
 * up to a feature, so it drops them like columns of exactly zero variance.
 */
const ROUNDING_VARIANCE = 1e-13;

/** s [d]: 1, or for `standardize` 1/std and 0 where there is no variance. */
export function columnScale(features: Features, scaling: Scaling): Float64Array {
  if (scaling !== "standardize") return new Float64Array(features.cols).fill(1);
  const { mean, variance } = features.moments();
  return variance.map((v, j) => (v > ROUNDING_VARIANCE * mean[j]! ** 2 ? 1 / Math.sqrt(v) : 0));
}

/** The map for solver coordinates; `as-declared` shifts only if the scaling itself centres. */
export function columnMap(features: Features, scaling: Scaling, coordinates: Coordinates): ColumnMap {
  const shifted = coordinates !== "as-declared" || scaling !== "none";
  const shift = shifted ? features.moments().mean.map(Math.fround) : new Float64Array(features.cols);
  return { shift, scale: columnScale(features, scaling) };
}

/** θ = (W̃, b̃) → (W, b). */
export function toProbe(map: ColumnMap, classes: number, theta: Float64Array): LinearProbe {
  const cols = map.scale.length;
  const weights = new Float64Array(classes * cols);
  const bias = theta.slice(classes * cols);
  for (let c = 0; c < classes; c++) {
    for (let j = 0; j < cols; j++) {
      const w = theta[c * cols + j]! * map.scale[j]!;
      weights[c * cols + j] = w;
      bias[c]! -= w * map.shift[j]!;
    }
  }
  return { classes, cols, weights, bias };
}

/** (W, b) → θ. A weight on a dropped column is a constant, and joins the bias. */
export function fromProbe(map: ColumnMap, probe: LinearProbe): Float64Array {
  const { classes, cols } = probe;
  const theta = new Float64Array(classes * cols + classes);
  theta.set(probe.bias, classes * cols);
  for (let c = 0; c < classes; c++) {
    for (let j = 0; j < cols; j++) {
      const w = probe.weights[c * cols + j]!;
      if (map.scale[j]! > 0) theta[c * cols + j] = w / map.scale[j]!;
      theta[classes * cols + c]! += w * map.shift[j]!;
    }
  }
  return theta;
}
