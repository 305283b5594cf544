/**
 * @file The Hessian of a sample of rows, factored: what the Kronecker preconditioner cannot see. Where a probe is sure of
 * most rows, the curvature Aᵢ = diag pᵢ - pᵢpᵢᵀ of a few carries the Hessian Σ Aᵢ ⊗ x̃ᵢx̃ᵢᵀ/n, and no single M ⊗ S is near
 * it. Rows are drawn with probability proportional to tr Aᵢ and weighted by its inverse (Hansen & Hurwitz 1943), so
 * that a sample of twice as many rows as unknowns is near the whole.
 */
import { keepFactor, type KeptFactor, type Margins, type Oracle } from "@linear-probes/core";
import { contrastWeights, fromContrasts, helmert, toContrasts } from "./contrasts.ts";

/** Plain data, so that a solver may keep it in its state; the factor is made from it when first used. */
export interface HessianSample {
  readonly rows: Int32Array; // [m], rising
  readonly weights: Float64Array; // ω [m], Σ ωᵢ Aᵢ ⊗ x̃ᵢx̃ᵢᵀ is near the mean over all rows
  readonly probabilities: Float64Array; // p [m, k]
}

const MAX_UNKNOWNS = 1500; // (k-1)(d+1)
const ROWS_PER_UNKNOWN = 2;
const LEAST_ROWS = 1024;
/** How much faster than passes the sample's products run: it lies in the caches. Measured. */
const FASTER = 3;
/** Added to the diagonal, relative to its greatest entry: rounding may leave it slightly indefinite. */
const RIDGE = 1e-9;

export interface SamplePlan {
  readonly rows: number; // that the sample should have
  /** What the sample and its factor cost, in passes over all rows. Once so many are spent it is time to sample. */
  readonly passes: number;
}

/** Undefined where there are too many unknowns for a factor. */
export function planHessianSample({ rows: n, cols: d, classes: k }: Oracle): SamplePlan | undefined {
  const unknowns = (k - 1) * (d + 1);
  if (unknowns > MAX_UNKNOWNS) return undefined;
  const m = Math.min(n, Math.max(LEAST_ROWS, ROWS_PER_UNKNOWN * unknowns));
  const blocks = (k * (k - 1)) / 2;
  const products = (blocks * m * (d + 1) ** 2) / 2 + unknowns ** 3 / 3;
  return { rows: m, passes: Math.max((blocks * m) / n, products / (FASTER * 2 * n * d * k)) };
}

/** Draws `size` rows or a few less by their uncertainty at the margins. */
export function drawHessianSample(oracle: Oracle, margins: Margins, size: number): HessianSample {
  const { rows: n } = oracle;
  const trace = oracle.uncertainties(margins);
  let total = 0;
  for (let i = 0; i < n; i++) {
    trace[i] = Math.max(0, trace[i]!);
    total += trace[i]!;
  }
  const drawn: number[] = [];
  const weights: number[] = [];
  // Systematic sampling: a row wherever the running sum of probabilities passes the next mark. The first is no draw but
  // its mean: it is the spread of the rows that counts, and probes then depend on no seed.
  let mark = 0.5;
  let running = 0;
  for (let i = 0; i < n; i++) {
    const probability = Math.min(1, (size * trace[i]!) / total);
    running += probability;
    if (!(running > mark)) continue;
    mark += 1;
    drawn.push(i);
    weights.push(1 / (probability * n));
  }
  const rows = Int32Array.from(drawn);
  return { rows, weights: Float64Array.from(weights), probabilities: oracle.probabilities(margins, rows) };
}

interface Factored {
  readonly factor: KeptFactor | undefined; // undefined when the sample's Hessian is singular
  readonly contrasts: Float64Array;
}

const kept = new WeakMap<HessianSample, Factored>();

/** Gives back what was made of the sample. It may still be used: then it is made anew. */
export function releaseSample(sample: HessianSample | undefined): void {
  const made = sample && kept.get(sample);
  if (made === undefined) return;
  kept.delete(sample!);
  made.factor?.release();
}

/** Approximately ∇²F⁻¹ g, as a new array of θ's layout; undefined when the sample's Hessian has no inverse. */
export function sampledHessianSolve(oracle: Oracle, sample: HessianSample, g: Float64Array): Float64Array | undefined {
  const { classes: k, cols: d, l2 } = oracle;
  const { factor, contrasts } = kept.get(sample) ?? factored(oracle, sample);
  if (factor === undefined) return undefined;
  const out = fromContrasts(contrasts, k, d, factor.solve(toContrasts(contrasts, k, d, g)));
  // Along the class mean the weights have the penalty's curvature only, and the bias none.
  for (let j = 0; j < d; j++) {
    let mean = 0;
    for (let c = 0; c < k; c++) mean += g[c * d + j]! / k;
    for (let c = 0; c < k; c++) out[c * d + j]! += mean / l2;
  }
  return out;
}

function factored(oracle: Oracle, sample: HessianSample): Factored {
  const { classes: k, cols: d, l2 } = oracle;
  const contrasts = helmert(k);
  const width = d + 1;
  const size = (k - 1) * width;
  const rows = oracle.weightedRows(sample.rows, sample.weights);
  try {
    const factor = keepFactor(size, (h, stride) => {
      let greatest = 0;
      for (let a = 0; a < k - 1; a++) {
        for (let b = 0; b <= a; b++) {
          const block = rows.gram(contrastWeights(sample.probabilities, contrasts, k, a, b));
          for (let i = 0; i < width; i++) {
            h.set(block.subarray(i * width, (i + 1) * width), (a * width + i) * stride + b * width);
          }
        }
        for (let i = 0; i < d; i++) h[(a * width + i) * (stride + 1)]! += l2;
        for (let i = 0; i < width; i++) greatest = Math.max(greatest, h[(a * width + i) * (stride + 1)]!);
      }
      for (let at = 0; at < size; at++) h[at * (stride + 1)]! += RIDGE * greatest;
    });
    const made = { factor, contrasts };
    kept.set(sample, made);
    return made;
  } finally {
    rows.release();
  }
}
