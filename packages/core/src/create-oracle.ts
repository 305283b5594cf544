/** @file The oracle over a back end's kernels: folds the scale into the weights, and counts what is used. */
import { columnMap, fromProbe, toProbe, type ColumnMap } from "./column-map.ts";
import type {
  Features,
  GradientProduct,
  ProblemKernels,
  Runtime,
  SweepProduct,
  ValueProduct,
} from "./kernels/kernels.ts";
import { matrixFeatures } from "./kernels/matrix-features.ts";
import type { Coordinates, Line, Operator, Oracle, RmspropSweep } from "./oracle.ts";
import { fromAxes, principalAxes, stepMetric, toAxes, type PrincipalAxes } from "./principal-axes.ts";
import type { LinearProbe, ProbeProblem } from "./problem.ts";
import type { Product } from "./staged.ts";

export interface BoundOracle extends Oracle {
  /** A product that a staged step waits for, in kernel terms, and counted; `finish` takes the loss that came of it. */
  defer(product: Product): DeferredProduct;
  /** The kernels in use, for judges; what is done through them is not counted here. */
  readonly kernels: ProblemKernels;
  /** θ in raw coordinates. */
  toProbe(theta: Float64Array): LinearProbe;
  /** A probe in solver coordinates, for a warm start. */
  fromProbe(probe: LinearProbe): Float64Array;
}

export type DeferredProduct =
  | { readonly kind: "value"; readonly work: ValueProduct; finish(loss: number): number }
  | { readonly kind: "gradient"; readonly work: GradientProduct; finish(loss: number): number }
  | { readonly kind: "epoch"; readonly work: SweepProduct; readonly passes: number; finish(loss: number): number };

/**
 * What solvers derive from the features alone: shared by the fits of an l2 path, which then pay for it once. It is
 * theirs under the identity of `key`; the operators made through an oracle are freed with it.
 */
export interface Derived {
  readonly key: object;
  readonly operators: Features[];
  /** The whitened copy of the features, once an oracle has asked for it. */
  axes?: PrincipalAxes;
  release(): void;
}

export function createDerived(): Derived {
  const operators: Features[] = [];
  const derived: Derived = {
    key: {},
    operators,
    release() {
      for (const matrix of operators.splice(0)) matrix.release();
      delete derived.axes;
    },
  };
  return derived;
}

/**
 * Binds the training rows in the given coordinates. Problems that share `derived` must differ in nothing but l2, and
 * whoever made it releases it.
 */
export function createOracle(
  runtime: Runtime,
  problem: ProbeProblem,
  coordinates: Coordinates,
  derived: Derived = createDerived(),
): BoundOracle {
  const { features, labels, classes: k } = problem.train;
  const { l2 } = problem;
  const { rows: n, cols: d } = features;
  const declared = columnMap(features, problem.scaling, coordinates);
  const judged = runtime.bind(features, { labels, classes: k, shift: declared.shift });
  let rowGradients = 0; // a forward or a backward product is half a gradient for each row
  if (coordinates === "whitened" && derived.axes === undefined) {
    derived.axes = principalAxes(runtime, features, judged, declared);
    derived.operators.push(derived.axes.features);
    rowGradients += derived.axes.passes * n;
  }
  const axes = coordinates === "whitened" ? derived.axes : undefined;
  const map = axes === undefined ? declared : unmapped(d);
  const metric = axes === undefined ? new Float64Array(d).fill(1) : stepMetric(axes, k * l2);
  const seen = axes?.features ?? features;
  const kernels = axes === undefined ? judged : runtime.bind(seen, { labels, classes: k });
  const inverse: ColumnMap = { ...map, scale: map.scale.map((s) => (s > 0 ? 1 / s : 0)) };
  const weightCount = k * d;
  const work = scratch(k, d);

  /** W̃ ∘ scale → work.weights, b̃ → work.bias. */
  const toKernel = (theta: Float64Array): void => {
    scaleColumns(theta, map, k, work.weights);
    work.bias.set(theta.subarray(weightCount));
  };
  const fromKernel = (out: Float64Array): void => {
    scaleColumns(work.gradient, map, k, out);
    out.set(work.biasGradient, weightCount);
  };
  const finishGradient = (loss: number, theta: Float64Array, gradient: Float64Array): number => {
    fromKernel(gradient);
    return loss + addPenalty(theta, l2, weightCount, gradient);
  };

  const deferEpoch = (sweep: RmspropSweep): DeferredProduct & { readonly kind: "epoch" } => {
    const { theta, square, order, batch, learningRate, epsilon, decay } = sweep;
    toKernel(theta);
    rowGradients += order.length;
    const weights = work.weights.slice();
    const bias = work.bias.slice();
    // s for W in kernel coordinates: gradients there are 1/scale of those in θ.
    const weightsSquare = new Float64Array(weightCount);
    scaleColumns(square, inverse, k, weightsSquare, 2);
    const biasSquare = square.slice(weightCount);
    const rates = sweepColumns(map, l2, learningRate, epsilon);
    const inKernel = { order, batch, weights, bias, weightsSquare, biasSquare, ...rates, learningRate, epsilon, decay };
    return {
      kind: "epoch",
      work: { kernels, sweep: inKernel },
      passes: order.length / n,
      finish(loss) {
        scaleColumns(weights, inverse, k, theta);
        theta.set(bias, weightCount);
        scaleColumns(weightsSquare, map, k, square, 2);
        square.set(biasSquare, weightCount);
        return loss;
      },
    };
  };

  return {
    rows: n,
    cols: d,
    classes: k,
    l2,
    dimension: weightCount + k,
    metric,
    derivedKey: derived.key,
    kernels: judged,
    defer(product) {
      if (product.kind === "epoch") return deferEpoch(product.sweep);
      const { kind, margins, theta, gradient, from } = product;
      const own = { kernels, margins, gradient: new Float64Array(weightCount), biasGradient: new Float64Array(k) };
      const finish = (loss: number): number => {
        work.gradient.set(own.gradient);
        work.biasGradient.set(own.biasGradient);
        return finishGradient(loss, theta, gradient);
      };
      rowGradients += kind === "value" ? n : n / 2;
      if (kind === "gradient") return { kind, work: own, finish };
      toKernel(from?.step ?? theta);
      const [weights, bias] = [work.weights.slice(), work.bias.slice()];
      return { kind, work: { ...own, weights, bias, from: from?.margins }, finish };
    },
    get passes() {
      return rowGradients / n;
    },
    get rowGradients() {
      return rowGradients;
    },
    toProbe: (theta) => toProbe(declared, k, axes === undefined ? theta : fromAxes(axes.axes, k, theta)),
    fromProbe(probe) {
      const theta = fromProbe(declared, probe);
      return axes === undefined ? theta : toAxes(axes.axes, k, theta);
    },
    valueAndGradient(theta, gradient, margins, from) {
      toKernel(from?.step ?? theta);
      rowGradients += n;
      const { weights, bias, gradient: g, biasGradient } = work;
      const loss = kernels.valueAndGradient(weights, bias, g, biasGradient, margins, from?.margins);
      return finishGradient(loss, theta, gradient);
    },
    createMargins: () => kernels.createMargins(),
    releaseMargins: (margins) => kernels.releaseMargins(margins),
    margins(theta, out) {
      toKernel(theta);
      rowGradients += n / 2;
      kernels.forward(work.weights, work.bias, out);
    },
    gradientAt(margins, theta, gradient) {
      rowGradients += n / 2;
      return finishGradient(kernels.backward(margins, work.gradient, work.biasGradient), theta, gradient);
    },
    along(line, t) {
      const { loss, slope, curvature } = kernels.along(line.margins, line.direction, t);
      const { ww, wv, vv } = products(line, weightCount);
      return {
        loss: loss + (l2 / 2) * (ww + t * (2 * wv + t * vv)),
        slope: slope + l2 * (wv + t * vv),
        curvature: curvature + l2 * vv,
      };
    },
    advance: (margins, direction, t) => kernels.advance(margins, direction, t),
    hessianVector(margins, v, out) {
      toKernel(v);
      rowGradients += n;
      kernels.hessianVector(margins, work.weights, work.bias, work.gradient, work.biasGradient);
      fromKernel(out);
      addPenalty(v, l2, weightCount, out);
    },
    classCovariance: (margins) => kernels.classMoments(margins).covariance,
    gram(rows, rowWeights) {
      rowGradients += rows?.length ?? n;
      const out = kernels.gram(rows, rowWeights);
      for (let a = 0; a < d; a++) for (let b = 0; b < d; b++) out[a * d + b]! *= map.scale[a]! * map.scale[b]!;
      return out;
    },
    sampleRows(rows) {
      rowGradients += rows.length / 2;
      const x = seen.readRows(rows);
      const out = new Float32Array(x.length);
      for (let from = 0; from < x.length; from += d) {
        for (let j = 0; j < d; j++) out[from + j] = (x[from + j]! - map.shift[j]!) * map.scale[j]!;
      }
      return out;
    },
    weightedRows(rows, weights) {
      rowGradients += rows.length / 2;
      const m = rows.length;
      const copy = runtime.weightedRows(features, { rows, weights, ...map });
      const own = runtime.bind(copy, { labels: new Int32Array(m), classes: 2 });
      return {
        gram(start, end) {
          rowGradients += end - start;
          return own.gram(Int32Array.from({ length: end - start }, (_, at) => start + at));
        },
        release: () => copy.release(),
      };
    },
    columnMeanSquares() {
      const { mean, variance } = seen.moments();
      return variance.map((v, j) => (v + (mean[j]! - map.shift[j]!) ** 2) * map.scale[j]! ** 2);
    },
    probabilities: (margins, rows) => kernels.probabilities(margins, rows),
    uncertainties: (margins) => kernels.uncertainties(margins),
    operator(values, rows, cols) {
      const matrix = matrixFeatures(runtime, { values, rows, cols, name: "operator" });
      derived.operators.push(matrix);
      return createOperator(runtime, matrix, k);
    },
    rmspropEpoch(sweep) {
      const epoch = deferEpoch(sweep);
      return epoch.finish(kernels.rmspropEpoch(epoch.work.sweep));
    },
    residuals(margins) {
      const r = kernels.probabilities(margins);
      for (let i = 0; i < n; i++) r[i * k + labels[i]!]! -= 1;
      return r;
    },
    rowSweep({ theta, gradient, ...sweep }) {
      toKernel(theta);
      rowGradients += sweep.order.length;
      const kernelGradient = new Float64Array(weightCount);
      scaleColumns(gradient, inverse, k, kernelGradient);
      const biasGradient = gradient.slice(weightCount);
      const loss = kernels.rowSweep({
        ...sweep,
        weights: work.weights,
        bias: work.bias,
        gradient: kernelGradient,
        biasGradient,
        columnScaleSquare: map.scale.map((s, j) => metric[j]! * s * s),
        penalty: metric.map((m) => m * l2),
      });
      scaleColumns(work.weights, inverse, k, theta);
      theta.set(work.bias, weightCount);
      if (sweep.method !== "svrg") {
        scaleColumns(kernelGradient, map, k, gradient);
        gradient.set(biasGradient, weightCount);
      }
      return loss;
    },
  };
}

/** The forward kernel is a dense product; the labels it wants play no part. */
function createOperator(runtime: Runtime, matrix: Features, classes: number): Operator {
  const { rows } = matrix;
  const kernels = runtime.bind(matrix, { labels: new Int32Array(rows), classes });
  const noBias = new Float64Array(classes);
  return {
    product(v) {
      const margins = kernels.createMargins();
      kernels.forward(v, noBias, margins);
      const product = margins.read();
      kernels.releaseMargins(margins);
      const out = new Float64Array(product.length);
      for (let i = 0; i < rows; i++) for (let c = 0; c < classes; c++) out[c * rows + i] = product[i * classes + c]!;
      return out;
    },
    gram: () => kernels.gram(),
  };
}

function scratch(k: number, d: number) {
  return {
    weights: new Float64Array(k * d),
    bias: new Float64Array(k),
    gradient: new Float64Array(k * d),
    biasGradient: new Float64Array(k),
  };
}

/** out[c, j] ← values[c, j] · scale[j]^power. */
function scaleColumns(values: Float64Array, map: ColumnMap, k: number, out: Float64Array, power = 1): void {
  const d = map.scale.length;
  for (let c = 0; c < k; c++) {
    for (let j = 0; j < d; j++) {
      const s = map.scale[j]!;
      out[c * d + j] = values[c * d + j]! * (power === 1 ? s : s * s);
    }
  }
}

/** out += l2 W; returns (l2/2) ‖W‖². */
function addPenalty(theta: Float64Array, l2: number, weightCount: number, out: Float64Array): number {
  let square = 0;
  for (let at = 0; at < weightCount; at++) {
    square += theta[at]! * theta[at]!;
    out[at]! += l2 * theta[at]!;
  }
  return (l2 / 2) * square;
}

function products({ theta, delta }: Line, weightCount: number): { ww: number; wv: number; vv: number } {
  let ww = 0;
  let wv = 0;
  let vv = 0;
  for (let at = 0; at < weightCount; at++) {
    const w = theta[at]!;
    const v = delta[at]!;
    ww += w * w;
    wv += w * v;
    vv += v * v;
  }
  return { ww, wv, vv };
}

/** No change of variables. */
function unmapped(d: number): ColumnMap {
  return { shift: new Float64Array(d), scale: new Float64Array(d).fill(1) };
}

/** Per-column settings of a sweep in kernel coordinates. A dropped column (scale 0) has rate 0 and never moves. */
function sweepColumns(map: ColumnMap, l2: number, learningRate: number, epsilon: number) {
  const used = map.scale.map((s) => (s > 0 ? s : 1));
  return {
    penalty: used.map((s) => l2 / (s * s)),
    weightsRate: map.scale.map((s) => learningRate * s),
    weightsEpsilon: used.map((s) => epsilon / s),
  };
}
