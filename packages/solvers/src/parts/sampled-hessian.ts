/**
 * @file The Hessian of a sample, factored: what the Kronecker preconditioner cannot see. Where a probe is sure of most
 * rows, the curvature Aᵢ = diag pᵢ - pᵢpᵢᵀ of a few carries the Hessian Σ Aᵢ ⊗ x̃ᵢx̃ᵢᵀ/n, and no single M ⊗ S is near it.
 *
 * Aᵢ is the Laplacian of a graph of the classes, Σ pᵢₐpᵢᵦ (eₐ - eᵦ)(eₐ - eᵦ)ᵀ over pairs a < b, so that the Hessian is a
 * sum of terms of rank one, an edge each: a row and two classes that it lies between. Edges are drawn with probability
 * proportional to pᵢₐpᵢᵦ and weighted by its inverse (Hansen & Hurwitz 1943); a pair of classes takes the Gram matrix of its
 * own rows, where a sample of whole rows would take that of all of them for every pair.
 */
import {
  axpy,
  keepFactor,
  keepSingleFactor,
  type KeptFactor,
  type Margins,
  type Oracle,
  scaledBy,
  type WeightedRows,
} from "@linear-probes/core";

/** Plain data, so that a solver may keep it in its state; the factor is made from it when first used. */
export interface HessianSample {
  /** Of the edges [m], those of a pair together, pairs in the order (1, 0), (2, 0), (2, 1), (3, 0) … */
  readonly rows: Int32Array;
  /** ω [m]: Σ ω (eₐ - eᵦ)(eₐ - eᵦ)ᵀ ⊗ x̃ᵢx̃ᵢᵀ is near the mean over all rows, and of all edges is that mean. */
  readonly weights: Float64Array;
  readonly ends: Int32Array; // [k(k-1)/2], where each pair's edges end
}

const MAX_UNKNOWNS = 1500; // (k-1)(d+1)
const LEAST_EDGES = 1024;
/** So many times the edges wanted are taken all, each with its own weight: drawn, many would come twice. */
const ALL = 2;
/**
 * How much faster than passes the sample's products are taken to run. With its factor the sample runs hardly faster, but to
 * wait until so much was spent took fits of 6,000 to 20,000 rows as long.
 */
const FASTER = 3;
/**
 * Float32 will do where the penalty's curvature is at least so much of the greatest: what rounding adds over n unknowns, some
 * √n 2⁻²⁴ of it, is less than a tenth of that.
 */
const SINGLE = 3e-5;
/** Added to the diagonal, relative to its greatest entry: rounding may leave it slightly indefinite. */
const RIDGE = 1e-9;

export interface SamplePlan {
  readonly edges: number; // that the sample should have
  /** What the sample and its factor cost, in passes over all rows. Once so many are spent it is time to sample. */
  readonly passes: number;
}

/** Undefined where there are too many unknowns for a factor. */
export function planHessianSample({ rows: n, cols: d, classes: k }: Oracle): SamplePlan | undefined {
  const unknowns = (k - 1) * (d + 1);
  if (unknowns > MAX_UNKNOWNS) return undefined;
  // For each unknown as many as would join all classes. With half and with twice as many, fits take longer.
  const m = Math.max(LEAST_EDGES, (k - 1) * unknowns);
  const products = (m * (d + 1) ** 2) / 2 + unknowns ** 3 / 3;
  return { edges: m, passes: Math.max((1.5 * m) / n, products / (FASTER * 2 * n * d * k)) };
}

/** Draws `size` edges or one less, or takes all where there are hardly more; undefined where every row is sure. */
export function drawHessianSample(oracle: Oracle, margins: Margins, size: number): HessianSample | undefined {
  const { rows: n, classes: k } = oracle;
  const pairs = (k * (k - 1)) / 2;
  if (n * pairs <= ALL * size) return allEdges(oracle, margins);
  const masses = oracle.uncertainties(margins); // of the rows' edges, once halved
  let total = 0;
  for (let i = 0; i < n; i++) {
    masses[i] = Math.max(0, masses[i]! / 2);
    total += masses[i]!;
  }
  if (!(total > 0)) return undefined;
  // Systematic sampling: an edge wherever the running sum of masses passes the next mark. The first is no draw but its mean:
  // it is the spread of the edges that counts, and probes then depend on no seed.
  const spacing = total / size;
  const marked: number[] = []; // rows
  const places: number[] = []; // of the marks, in their rows
  let mark = spacing / 2;
  let running = 0;
  for (let i = 0; i < n; i++) {
    const next = running + masses[i]!;
    for (; mark < next; mark += spacing) {
      marked.push(i);
      places.push(mark - running);
    }
    running = next;
  }
  const rows = Int32Array.from(marked);
  const p = oracle.probabilities(margins, rows);
  const pairOf = new Int32Array(rows.length);
  for (let at = 0; at < rows.length; at++) pairOf[at] = pairAt(p, at * k, k, places[at]!);
  return byPair(rows, pairOf, new Float64Array(rows.length).fill(spacing / n), pairs);
}

/** Every edge, weighted by its own mass. */
function allEdges(oracle: Oracle, margins: Margins): HessianSample | undefined {
  const { rows: n, classes: k } = oracle;
  const pairs = (k * (k - 1)) / 2;
  const p = oracle.probabilities(margins);
  const rows = Int32Array.from({ length: n * pairs }, (_, at) => Math.floor(at / pairs));
  const weights = new Float64Array(n * pairs);
  for (let i = 0, at = 0; i < n; i++) {
    for (let a = 1; a < k; a++) for (let b = 0; b < a; b++) weights[at++] = (p[i * k + a]! * p[i * k + b]!) / n;
  }
  const pairOf = rows.map((_, at) => at % pairs);
  return weights.some((weight) => weight > 0) ? byPair(rows, pairOf, weights, pairs) : undefined;
}

/** The pair of classes whose pₐpᵦ the place is in when all are laid end to end; p [k] from `start` on. */
function pairAt(p: Float64Array, start: number, k: number, place: number): number {
  let left = place;
  let pair = 0;
  let last = 0; // that has a share: rounding may put the place behind it
  for (let a = 1; a < k; a++) {
    for (let b = 0; b < a; b++, pair++) {
      const share = p[start + a]! * p[start + b]!;
      if (left < share) return pair;
      left -= share;
      if (share > 0) last = pair;
    }
  }
  return last;
}

function byPair(rows: Int32Array, pairOf: Int32Array, weights: Float64Array, pairs: number): HessianSample {
  const counts = new Int32Array(pairs);
  for (let at = 0; at < pairOf.length; at++) counts[pairOf[at]!]! += 1;
  let end = 0;
  const ends = counts.map((count) => (end += count));
  const next = ends.map((to, pair) => to - counts[pair]!);
  const sorted = { rows: new Int32Array(rows.length), weights: new Float64Array(rows.length), ends };
  for (let at = 0; at < rows.length; at++) {
    const to = next[pairOf[at]!]!++;
    sorted.rows[to] = rows[at]!;
    sorted.weights[to] = weights[at]!;
  }
  return sorted;
}

/** The factor of the sample's Hessian; undefined in it when that is singular. */
const kept = new WeakMap<HessianSample, { readonly factor: KeptFactor | undefined }>();

/** Gives back what was made of the sample. It may still be used: then it is made anew. */
export function releaseSample(sample: HessianSample | undefined): void {
  const made = sample && kept.get(sample);
  if (made === undefined) return;
  kept.delete(sample!);
  made.factor?.release();
}

/**
 * Approximately ∇²F⁻¹ g, as a new array of θ's layout; undefined when the sample's Hessian has no inverse.
 *
 * Adding one vector to every class's weights changes no probability, so that the loss is a function of how classes differ
 * from the last. In such differences u the Hessian of the loss is that of the Laplacians without the last class, and that of
 * the penalty, of weights whose class mean is zero, a Laplacian too: l2/k between every two classes.
 */
export function sampledHessianSolve(oracle: Oracle, sample: HessianSample, g: Float64Array): Float64Array | undefined {
  const { classes: k, cols: d, l2 } = oracle;
  const { factor } = kept.get(sample) ?? factored(oracle, sample);
  if (factor === undefined) return undefined;
  const width = d + 1;
  const place = (c: number, j: number): number => (j < d ? c * d + j : k * d + c); // in θ
  const means = Float64Array.from({ length: width }, (_, j) => meanOver(k, (c) => g[place(c, j)]!));
  const differences = new Float64Array((k - 1) * width);
  for (let c = 0; c < k - 1; c++) {
    for (let j = 0; j < width; j++) differences[c * width + j] = g[place(c, j)]! - means[j]!;
  }
  const u = factor.solve(differences);
  const out = new Float64Array(g.length);
  for (let j = 0; j < width; j++) {
    const ofClass = (c: number): number => (c < k - 1 ? u[c * width + j]! : 0);
    const mean = meanOver(k, ofClass);
    // Along the class mean the weights have the penalty's curvature only, and the bias none.
    const along = j < d ? means[j]! / l2 : 0;
    for (let c = 0; c < k; c++) out[place(c, j)] = ofClass(c) - mean + along;
  }
  return out;
}

function meanOver(k: number, value: (c: number) => number): number {
  let sum = 0;
  for (let c = 0; c < k; c++) sum += value(c);
  return sum / k;
}

function factored(oracle: Oracle, sample: HessianSample): { readonly factor: KeptFactor | undefined } {
  const rows = oracle.weightedRows(sample.rows, sample.weights);
  try {
    const between = Array.from(sample.ends, (_, pair) => betweenClasses(oracle, sample, rows, pair));
    const made = { factor: factorOf(oracle, between) };
    kept.set(sample, made);
    return made;
  } finally {
    rows.release();
  }
}

/** Of the Hessian whose blocks beside the diagonal are `between`, in the order of pairs: every row of blocks sums to zero. */
function factorOf({ classes: k, cols: d, l2 }: Oracle, between: readonly Float64Array[]): KeptFactor | undefined {
  const width = d + 1;
  const own = Array.from({ length: k }, () => new Float64Array(width * width));
  let pair = 0;
  for (let a = 1; a < k; a++) {
    for (let b = 0; b < a; b++, pair++) for (const c of [a, b]) axpy(-1, between[pair]!, own[c]!);
  }
  own.pop(); // the last class is what the others differ from
  let greatest = 0;
  for (const block of own) for (let j = 0; j < width; j++) greatest = Math.max(greatest, block[j * (width + 1)]!);
  for (const block of own) for (let j = 0; j < width; j++) block[j * (width + 1)]! += RIDGE * greatest;
  const fill = (h: Float32Array | Float64Array, stride: number): void => {
    const put = (a: number, b: number, block: Float64Array): void => {
      for (let i = 0; i < width; i++) {
        h.set(block.subarray(i * width, (i + 1) * width), (a * width + i) * stride + b * width);
      }
    };
    for (let a = 0, at = 0; a < k - 1; a++) {
      for (let b = 0; b < a; b++) put(a, b, between[at++]!);
      put(a, a, own[a]!);
    }
  };
  const size = (k - 1) * width;
  const single = l2 / k > SINGLE * greatest ? keepSingleFactor(size, fill) : undefined;
  return single ?? keepFactor(size, fill);
}

/** The block of two different classes, [d+1, d+1]: less than zero on its diagonal. */
function betweenClasses(
  { cols: d, classes: k, l2 }: Oracle,
  { ends }: HessianSample,
  rows: WeightedRows,
  pair: number,
): Float64Array {
  const width = d + 1;
  const start = pair === 0 ? 0 : ends[pair - 1]!;
  const count = ends[pair]! - start;
  const block = count > 0 ? scaledBy(-count, rows.gram(start, start + count)) : new Float64Array(width * width);
  for (let j = 0; j < d; j++) block[j * (width + 1)]! -= l2 / k;
  return block;
}
