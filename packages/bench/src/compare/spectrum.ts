/**
 * @file The ends of the spectrum of S, the covariance of the scaled features. At W = 0 the Hessian of F on the weights
 * is (I - 11ᵀ/k)/k ⊗ S + l2·I, so that its condition number across classes is (λmax/k + l2)/(λmin/k + l2): how hard
 * the problem is for a solver that does not precondition.
 */
import {
  type BoundOracle,
  choleskyFactor,
  choleskySolve,
  createOracle,
  type LabelledFeatures,
  type Runtime,
  type Scaling,
  type Stream,
} from "@linear-probes/core";

export interface Spectrum {
  readonly most: number; // λmax(S), to a few per cent from below
  /** λmin(S), from above; null beyond MOST_COLS columns, where it is not computed. */
  readonly least: number | null;
}

const ITERATIONS = 30;
const MOST_COLS = 1024;
/** Added to S, relative to λmax, so that it can be factored: what is below counts as this. */
const RIDGE = 1e-10;

export function spectrumOf(
  runtime: Runtime,
  train: LabelledFeatures<"train">,
  scaling: Scaling,
  stream: Stream,
): Spectrum {
  // Two classes, whatever the labels: at zero margins the Hessian of the loss is then ¼ [[1, -1], [-1, 1]] ⊗ S.
  const labels = Int32Array.from(train.labels, (_, row) => row & 1);
  const oracle = createOracle(runtime, { train: { ...train, labels, classes: 2 }, l2: 1, scaling }, "centred");
  const start = new Float64Array(train.features.cols);
  stream.fillNormal(start);
  const most = greatest(oracle, start);
  return { most, least: start.length <= MOST_COLS ? smallest(oracle, start, RIDGE * most) : null };
}

export function conditionAtZero({ most, least }: Spectrum, classes: number, l2: number): number {
  return (most / classes + l2) / ((least ?? 0) / classes + l2);
}

/** Power iteration. */
function greatest(oracle: BoundOracle, start: Float64Array): number {
  const cols = start.length;
  const margins = oracle.createMargins();
  const v = new Float64Array(oracle.dimension);
  const out = new Float64Array(oracle.dimension);
  let u = start;
  let eigenvalue = 0;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const unit = normalized(u);
    if (unit === undefined) break;
    for (let j = 0; j < cols; j++) {
      v[j] = unit[j]!;
      v[cols + j] = -unit[j]!;
    }
    oracle.hessianVector(margins, v, out);
    u = unit.map((value, j) => 2 * (out[j]! - value)); // out = ½ S u + l2 u in the first class
    eigenvalue = dot(u, unit);
  }
  oracle.releaseMargins(margins);
  return eigenvalue;
}

/** Inverse iteration on S + ridge·I. */
function smallest(oracle: BoundOracle, start: Float64Array, ridge: number): number {
  const cols = start.length;
  const s = oracle.gram();
  for (let j = 0; j < cols; j++) s[j * cols + j]! += ridge;
  const factor = choleskyFactor(s, cols);
  if (factor === undefined) return 0; // not positive to working precision
  let u = start;
  let eigenvalue = 0;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const unit = normalized(u);
    if (unit === undefined) break;
    u = choleskySolve(factor, cols, unit);
    eigenvalue = 1 / dot(u, unit);
  }
  return Math.max(0, eigenvalue - ridge);
}

function normalized(u: Float64Array): Float64Array | undefined {
  const norm = Math.sqrt(dot(u, u));
  return norm > 0 ? u.map((value) => value / norm) : undefined;
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, j) => sum + value * b[j]!, 0);
}
