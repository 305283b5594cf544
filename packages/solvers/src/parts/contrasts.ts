/**
 * @file k - 1 orthonormal contrasts C of the classes (Helmert 1876). Adding one vector to every class's weights changes no
 * probability, so it is in contrasts that the Hessian of the loss is regular. Vectors in contrasts are in the order
 * (contrast, column), the bias as column d.
 */

/** (Cᵀ(diag pᵢ - pᵢpᵢᵀ)C)[a, b] for every row i of p [m, k]. */
export function contrastWeights(
  p: Float64Array,
  contrasts: Float64Array,
  k: number,
  a: number,
  b: number,
): Float64Array {
  const weights = new Float64Array(p.length / k);
  for (let i = 0; i < weights.length; i++) {
    let both = 0;
    let meanA = 0;
    let meanB = 0;
    for (let c = 0; c < k; c++) {
      const pa = p[i * k + c]! * contrasts[c * (k - 1) + a]!;
      both += pa * contrasts[c * (k - 1) + b]!;
      meanA += pa;
      meanB += p[i * k + c]! * contrasts[c * (k - 1) + b]!;
    }
    weights[i] = both - meanA * meanB;
  }
  return weights;
}

/** C [k, k-1]: orthonormal columns, each orthogonal to (1, …, 1). */
export function helmert(k: number): Float64Array {
  const c = new Float64Array(k * (k - 1));
  for (let a = 0; a < k - 1; a++) {
    const scale = 1 / Math.sqrt((a + 1) * (a + 2));
    for (let row = 0; row <= a; row++) c[row * (k - 1) + a] = scale;
    c[(a + 1) * (k - 1) + a] = -(a + 1) * scale;
  }
  return c;
}

/** Cᵀ applied over the classes of a θ-like vector, in the order (contrast, column), the bias as column d. */
export function toContrasts(contrasts: Float64Array, k: number, d: number, theta: Float64Array): Float64Array {
  const out = new Float64Array((k - 1) * (d + 1));
  for (let a = 0; a < k - 1; a++) {
    for (let c = 0; c < k; c++) {
      const factor = contrasts[c * (k - 1) + a]!;
      for (let j = 0; j < d; j++) out[a * (d + 1) + j]! += factor * theta[c * d + j]!;
      out[a * (d + 1) + d]! += factor * theta[k * d + c]!;
    }
  }
  return out;
}

/** C applied to a vector in contrasts: θ-like, its class mean zero. */
export function fromContrasts(contrasts: Float64Array, k: number, d: number, v: Float64Array): Float64Array {
  const out = new Float64Array(k * d + k);
  for (let c = 0; c < k; c++) {
    for (let a = 0; a < k - 1; a++) {
      const factor = contrasts[c * (k - 1) + a]!;
      for (let j = 0; j < d; j++) out[c * d + j]! += factor * v[a * (d + 1) + j]!;
      out[k * d + c]! += factor * v[a * (d + 1) + d]!;
    }
  }
  return out;
}
