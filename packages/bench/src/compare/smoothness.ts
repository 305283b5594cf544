/**
 * @file λmax(S)/2, with S the covariance of the scaled features: since the Hessian of the softmax loss is at most
 * ½ I ⊗ S (Böhning 1992), F is smooth with this constant plus l2, and as hard as this over l2 for any solver that
 * does not precondition. S through random projections would do, but power iteration on products by X is as simple.
 */
import { createOracle, type LabelledFeatures, type Runtime, type Scaling, type Stream } from "@linear-probes/core";

const ITERATIONS = 30; // to a few per cent, from below

export function smoothnessOf(
  runtime: Runtime,
  train: LabelledFeatures<"train">,
  scaling: Scaling,
  stream: Stream,
): number {
  // With two classes at zero margins the Hessian of the loss is ¼ [[1, -1], [-1, 1]] ⊗ S, whatever the labels.
  const halves = Int32Array.from(train.labels, (_, row) => row & 1);
  const binary = { ...train, labels: halves, classes: 2 };
  const oracle = createOracle(runtime, { train: binary, l2: 1, scaling }, "centred");
  const margins = oracle.createMargins();
  const { cols } = train.features;
  const u = new Float64Array(cols);
  stream.fillNormal(u);
  const v = new Float64Array(oracle.dimension);
  const out = new Float64Array(oracle.dimension);
  let eigenvalue = 0; // of S
  try {
    for (let iteration = 0; iteration < ITERATIONS; iteration++) {
      const norm = Math.sqrt(u.reduce((sum, value) => sum + value * value, 0));
      if (!(norm > 0)) return 0;
      for (let j = 0; j < cols; j++) {
        v[j] = u[j]! / norm;
        v[cols + j] = -v[j]!;
      }
      oracle.hessianVector(margins, v, out);
      // out = ½ S u + l2 u in the first class.
      for (let j = 0; j < cols; j++) u[j] = 2 * (out[j]! - v[j]!);
      eigenvalue = u.reduce((sum, value, j) => sum + value * v[j]!, 0);
    }
  } finally {
    oracle.releaseMargins(margins);
  }
  return eigenvalue / 2;
}
