/** @file Problems of odd shapes for the kernel tests, and what every kernel answers on one of them. */
import type { Features, ProblemKernels, RowSweep, Runtime } from "../src/kernels/kernels.ts";
import { rootStream } from "../src/stream.ts";

export interface Case {
  readonly n: number;
  readonly d: number;
  readonly k: number;
  readonly x: Float32Array; // X [n, d], away from zero, so that the shift matters
  readonly labels: Int32Array;
  readonly shift: Float64Array;
  readonly weights: Float64Array; // W [k, d]
  readonly bias: Float64Array;
  readonly direction: Float64Array; // V [k, d]
}

export function kernelCase(n: number, d: number, k: number): Case {
  const stream = rootStream(`kernels/${n}x${d}x${k}`);
  const normals = (count: number, scale: number, offset = 0): Float64Array =>
    Float64Array.from({ length: count }, () => offset + scale * stream.normal());
  return {
    n,
    d,
    k,
    x: Float32Array.from(normals(n * d, 1, 3)),
    labels: Int32Array.from({ length: n }, () => stream.integer(k)),
    shift: normals(d, 0.1, 3).map(Math.fround),
    weights: normals(k * d, 1 / Math.sqrt(d)),
    bias: normals(k, 1),
    direction: normals(k * d, 1 / Math.sqrt(d)),
  };
}

export function createFeatures(
  runtime: Runtime,
  { n, d, x }: Pick<Case, "n" | "d" | "x">,
  where: { storage?: "memory" | "buffer" | "file"; path?: string } = {},
): Features {
  const writer = runtime.createFeatures({ rows: n, cols: d, ...where });
  const half = Math.floor(n / 2);
  writer.write(half, x.subarray(half * d)); // in any order
  writer.write(0, x.subarray(0, half * d));
  return writer.finish();
}

export type Answers = Readonly<Record<string, Float64Array>>;

/** Everything that the kernels say about a case, by name. */
export function answers(kernels: ProblemKernels, features: Features, problem: Case): Answers {
  const { n, d, k, weights, bias, direction } = problem;
  const gradient = new Float64Array(k * d);
  const biasGradient = new Float64Array(k);
  const got: Record<string, Float64Array> = {};
  const keep = (name: string, loss?: number): void => {
    if (loss !== undefined) got[`${name}.loss`] = Float64Array.of(loss);
    got[`${name}.gradient`] = gradient.slice();
    got[`${name}.biasGradient`] = biasGradient.slice();
  };
  const z = kernels.createMargins();
  const along = kernels.createMargins();

  keep("valueAndGradient", kernels.valueAndGradient(weights, bias, gradient, biasGradient));
  kernels.valueAndGradient(weights, bias, gradient, biasGradient, z);
  got["its margins"] = lessLast(z.read(), k);
  keep("from there", kernels.valueAndGradient(direction, bias, gradient, biasGradient, along, z));
  got["margins from there"] = lessLast(along.read(), k);
  kernels.forward(weights, bias, z);
  kernels.forward(direction, bias, along);
  got["forward"] = z.read();
  keep("backward", kernels.backward(z, gradient, biasGradient));
  kernels.hessianVector(z, direction, bias, gradient, biasGradient);
  keep("hessianVector");
  const line = kernels.along(z, along, 0.3);
  got["along"] = Float64Array.of(line.loss, line.slope, line.curvature);
  const moments = kernels.classMoments(z);
  got["residual"] = moments.residual;
  got["covariance"] = moments.covariance;
  got["probabilities"] = kernels.probabilities(z);
  got["some probabilities"] = kernels.probabilities(z, Int32Array.of(n - 1, 0));
  got["uncertainties"] = kernels.uncertainties(z);
  const score = kernels.score(z);
  got["score"] = Float64Array.of(score.loss, score.errors);
  const evaluation = kernels.evaluate(weights, bias);
  got["evaluate"] = Float64Array.of(evaluation.loss, evaluation.errors);
  kernels.advance(z, along, -0.7);
  kernels.addBias(z, bias);
  got["advanced"] = z.read();
  kernels.forwardExact(weights, bias, z);
  got["exact.forward"] = z.read();
  keep("exact.backward", kernels.backwardExact(z, gradient, biasGradient));
  if (d < 200) {
    got["gram"] = kernels.gram();
    const rows = Int32Array.from({ length: Math.min(n, 300) }, (_, i) => (i * 7) % n);
    got["weighted gram"] = kernels.gram(
      rows,
      Float64Array.from(rows, (_, i) => (i % 5) - 1),
    );
  }
  const { mean, variance } = features.moments();
  Object.assign(got, { mean, variance });
  const sweep = {
    order: Int32Array.from({ length: n }, (_, i) => (i * 3) % n),
    batch: 37,
    weights: weights.slice(),
    bias: bias.slice(),
    weightsSquare: new Float64Array(k * d).fill(0.1),
    biasSquare: new Float64Array(k).fill(0.1),
    penalty: Float64Array.from({ length: d }, (_, j) => 1e-3 * (j + 1)),
    weightsRate: Float64Array.from({ length: d }, (_, j) => 1e-2 / (j + 1)),
    weightsEpsilon: new Float64Array(d).fill(1e-7),
    learningRate: 1e-2,
    epsilon: 1e-7,
    decay: 0.9,
  };
  got["sweep.loss"] = Float64Array.of(kernels.rmspropEpoch(sweep));
  got["sweep.weights"] = sweep.weights;
  got["sweep.bias"] = sweep.bias;
  got["sweep.weightsSquare"] = sweep.weightsSquare;
  got["sweep.biasSquare"] = sweep.biasSquare;
  for (const method of ["sag", "saga", "svrg"] as const) {
    for (const batch of [1, 5]) {
      const rows = rowSweepOf(problem, method, batch);
      got[`${method} ${batch}.loss`] = Float64Array.of(kernels.rowSweep(rows));
      for (const name of ["weights", "bias", "gradient", "biasGradient", "residuals"] as const) {
        got[`${method} ${batch}.${name}`] = rows[name];
      }
    }
  }
  kernels.releaseMargins(z);
  kernels.releaseMargins(along);
  return got;
}

/** Margins [n, k] but for the number of each row's own. */
function lessLast(z: Float64Array, k: number): Float64Array {
  return z.map((value, at) => value - (z[at - (at % k) + k - 1] ?? Number.NaN));
}

/** A row sweep from the middle of things: a third of the rows are seen already. */
export function rowSweepOf({ n, d, k, weights, bias }: Case, method: RowSweep["method"], batch: number): RowSweep {
  const stream = rootStream(`kernels/rows/${n}x${d}x${k}`);
  const small = (count: number): Float64Array => Float64Array.from({ length: count }, () => 0.1 * stream.normal());
  return {
    method,
    batch,
    order: Int32Array.from({ length: n + 3 }, () => stream.integer(n)),
    weights: weights.slice(),
    bias: bias.slice(),
    residuals: small(n * k),
    gradient: small(k * d),
    biasGradient: small(k),
    seen: Uint8Array.from({ length: n }, (_, i) => (i % 3 === 0 ? 1 : 0)),
    columnScaleSquare: Float64Array.from({ length: d }, (_, j) => 1 / (1 + (j % 4))),
    penalty: Float64Array.from({ length: d }, (_, j) => 1e-2 / (1 + (j % 3))),
    learningRate: 1e-2,
  };
}

/** max |a - b| / max |b|; below a hundredth, b counts as the cancelled sum of terms of that size. */
export function relativeError(a: Float64Array, b: Float64Array): number {
  let error = 0;
  let size = 0.01;
  for (let i = 0; i < b.length; i++) {
    error = Math.max(error, Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN)));
    size = Math.max(size, Math.abs(b[i] ?? 0));
  }
  return a.length === b.length ? error / size : Number.POSITIVE_INFINITY;
}

export const sameBits = (a: Answers, b: Answers): boolean =>
  Object.entries(a).every(([name, values]) => bytesOf(values).equals(bytesOf(b[name] ?? new Float64Array(0))));

const bytesOf = (values: Float64Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
