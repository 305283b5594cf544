/** @file The kernels of one binding in the reference back end. Every method is its definition in kernels.ts, in float64. */
import { reject } from "../errors.ts";
import { labelOutside } from "../labels.ts";
import type { Binding, Evaluation, Features, LineValues, Margins, MinibatchSweep, ProblemKernels } from "./kernels.ts";
import { rowSweepReference } from "./reference-rows.ts";
import { argmaxRow, softmaxRow } from "./softmax.ts";

/** Z [n, k] behind each margin buffer made here. */
const buffers = new WeakMap<Margins, Float64Array>();

const zOf = (margins: Margins): Float64Array =>
  buffers.get(margins) ?? reject("margins", "must come from createMargins of this back end", margins);

/** Kernels over `x` [n, d] with the labels, classes and shift of `binding`. */
export function bindReference(features: Features, x: Float32Array, binding: Binding): ProblemKernels {
  const { rows: n, cols: d } = features;
  const { labels, classes: k } = binding;
  const shift = binding.shift ?? new Float64Array(d); // c [d]
  const unshifted = new Float64Array(d);
  if (labels.length !== n) reject("labels", `there must be one for each of ${n} rows`, labels.length);
  if (shift.length !== d) reject("shift", `there must be one number for each of ${d} columns`, shift.length);
  const wrong = labelOutside(labels, k);
  if (wrong >= 0) reject(`labels[${wrong}]`, `must be 0..${k - 1}`, labels[wrong]);

  const p = new Float64Array(k);

  function marginRow(row: number, w: Float64Array, b: Float64Array, c: Float64Array, out: Float64Array, at: number) {
    for (let cls = 0; cls < k; cls++) {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += (x[row * d + j]! - c[j]!) * w[cls * d + j]!;
      out[at + cls] = sum + b[cls]!;
    }
  }

  function addOuter(row: number, r: Float64Array, c: Float64Array, out: Float64Array): void {
    for (let cls = 0; cls < k; cls++) {
      for (let j = 0; j < d; j++) out[cls * d + j]! += r[cls]! * (x[row * d + j]! - c[j]!);
    }
  }

  function forward(w: Float64Array, b: Float64Array, out: Margins, c: Float64Array): void {
    for (let i = 0; i < n; i++) marginRow(i, w, b, c, zOf(out), i * k);
  }

  function backward(margins: Margins, gradient: Float64Array, biasGradient: Float64Array, c: Float64Array): number {
    const z = zOf(margins);
    gradient.fill(0);
    biasGradient.fill(0);
    let loss = 0;
    for (let i = 0; i < n; i++) {
      loss += softmaxRow(z, i * k, k, p) - z[i * k + labels[i]!]!;
      p[labels[i]!]! -= 1;
      for (let cls = 0; cls < k; cls++) biasGradient[cls]! += p[cls]!;
      addOuter(i, p, c, gradient);
    }
    for (let at = 0; at < k * d; at++) gradient[at]! /= n;
    for (let cls = 0; cls < k; cls++) biasGradient[cls]! /= n;
    return loss / n;
  }

  function createMargins(): Margins {
    const z = new Float64Array(n * k);
    const margins: Margins = { rows: n, classes: k, read: () => z.slice(), write: (values) => z.set(values) };
    buffers.set(margins, z);
    return margins;
  }

  function score(margins: Margins): Evaluation {
    const z = zOf(margins);
    let loss = 0;
    let errors = 0;
    for (let i = 0; i < n; i++) {
      loss += softmaxRow(z, i * k, k, p) - z[i * k + labels[i]!]!;
      if (argmaxRow(z, i * k, k) !== labels[i]) errors += 1;
    }
    return { loss: loss / n, errors };
  }

  function along(margins: Margins, direction: Margins, t: number): LineValues {
    const z = zOf(margins);
    const delta = zOf(direction);
    const moved = new Float64Array(k);
    let loss = 0;
    let slope = 0;
    let curvature = 0;
    for (let i = 0; i < n; i++) {
      for (let c = 0; c < k; c++) moved[c] = z[i * k + c]! + t * delta[i * k + c]!;
      loss += softmaxRow(moved, 0, k, p) - moved[labels[i]!]!;
      let mean = 0;
      for (let c = 0; c < k; c++) mean += p[c]! * delta[i * k + c]!;
      slope += mean - delta[i * k + labels[i]!]!;
      for (let c = 0; c < k; c++) curvature += p[c]! * (delta[i * k + c]! - mean) ** 2;
    }
    return { loss: loss / n, slope: slope / n, curvature: curvature / n };
  }

  function advance(margins: Margins, direction: Margins, t: number): void {
    const z = zOf(margins);
    const delta = zOf(direction);
    for (let at = 0; at < z.length; at++) z[at]! += t * delta[at]!;
  }

  function classMoments(margins: Margins): { residual: Float64Array; covariance: Float64Array } {
    const residual = new Float64Array(k);
    const covariance = new Float64Array(k * k);
    for (let i = 0; i < n; i++) {
      softmaxRow(zOf(margins), i * k, k, p);
      for (let a = 0; a < k; a++) {
        residual[a]! += (p[a]! - (labels[i] === a ? 1 : 0)) / n;
        for (let b = 0; b < k; b++) covariance[a * k + b]! += ((a === b ? p[a]! : 0) - p[a]! * p[b]!) / n;
      }
    }
    return { residual, covariance };
  }

  function hessianVector(
    margins: Margins,
    v: Float64Array,
    vBias: Float64Array,
    out: Float64Array,
    outBias: Float64Array,
  ): void {
    const direction = new Float64Array(k);
    const r = new Float64Array(k);
    out.fill(0);
    outBias.fill(0);
    for (let i = 0; i < n; i++) {
      softmaxRow(zOf(margins), i * k, k, p);
      marginRow(i, v, vBias, shift, direction, 0);
      let mean = 0;
      for (let c = 0; c < k; c++) mean += p[c]! * direction[c]!;
      for (let c = 0; c < k; c++) r[c] = (p[c]! * (direction[c]! - mean)) / n;
      for (let c = 0; c < k; c++) outBias[c]! += r[c]!;
      addOuter(i, r, shift, out);
    }
  }

  function gram(rows?: Int32Array, rowWeights?: Float64Array): Float64Array {
    const count = rows?.length ?? n;
    const out = new Float64Array(d * d);
    const row = new Float64Array(d);
    for (let at = 0; at < count; at++) {
      const i = rows?.[at] ?? at;
      const weight = rowWeights?.[at] ?? 1;
      for (let j = 0; j < d; j++) row[j] = x[i * d + j]! - shift[j]!;
      for (let a = 0; a < d; a++) for (let b = 0; b <= a; b++) out[a * d + b]! += weight * row[a]! * row[b]!;
    }
    for (let a = 0; a < d; a++) {
      for (let b = 0; b <= a; b++) out[b * d + a] = out[a * d + b] = out[a * d + b]! / count;
    }
    return out;
  }

  function rmspropEpoch(sweep: MinibatchSweep): number {
    const { order, batch, weights, bias, weightsSquare, biasSquare, penalty, decay } = sweep;
    const gradient = new Float64Array(k * d);
    const biasGradient = new Float64Array(k);
    const z = new Float64Array(k);
    const update = (
      theta: Float64Array,
      square: Float64Array,
      at: number,
      g: number,
      rate: number,
      epsilon: number,
    ): void => {
      square[at] = decay * square[at]! + (1 - decay) * g * g;
      theta[at]! -= (rate * g) / (Math.sqrt(square[at]) + epsilon);
    };
    let loss = 0;
    for (let start = 0; start < order.length; start += batch) {
      const end = Math.min(start + batch, order.length);
      gradient.fill(0);
      biasGradient.fill(0);
      for (let at = start; at < end; at++) {
        const i = order[at]!;
        marginRow(i, weights, bias, shift, z, 0);
        loss += softmaxRow(z, 0, k, p) - z[labels[i]!]!;
        p[labels[i]!]! -= 1;
        for (let c = 0; c < k; c++) biasGradient[c]! += p[c]!;
        addOuter(i, p, shift, gradient);
      }
      const size = end - start;
      for (let at = 0; at < k * d; at++) {
        const g = gradient[at]! / size + penalty[at % d]! * weights[at]!;
        update(weights, weightsSquare, at, g, sweep.weightsRate[at % d]!, sweep.weightsEpsilon[at % d]!);
      }
      for (let c = 0; c < k; c++)
        update(bias, biasSquare, c, biasGradient[c]! / size, sweep.learningRate, sweep.epsilon);
    }
    return loss / order.length;
  }

  return {
    rows: n,
    cols: d,
    classes: k,
    createMargins,
    releaseMargins: (margins) => void buffers.delete(margins),
    forward: (w, b, out) => forward(w, b, out, shift),
    backward: (margins, gradient, biasGradient) => backward(margins, gradient, biasGradient, shift),
    valueAndGradient(w, b, gradient, biasGradient, margins = createMargins(), from) {
      forward(w, b, margins, shift);
      if (from !== undefined) advance(margins, from, 1);
      return backward(margins, gradient, biasGradient, shift);
    },
    hessianVector,
    gram,
    evaluate(w, b) {
      const margins = createMargins();
      forward(w, b, margins, shift);
      return score(margins);
    },
    forwardExact: (w, b, out) => forward(w, b, out, unshifted),
    backwardExact: (margins, gradient, biasGradient) => backward(margins, gradient, biasGradient, unshifted),
    along,
    advance,
    addBias(margins, by) {
      const z = zOf(margins);
      for (let at = 0; at < z.length; at++) z[at]! += by[at % k]!;
    },
    classMoments,
    score,
    probabilities(margins, of) {
      const out = new Float64Array((of?.length ?? n) * k);
      for (let i = 0; i * k < out.length; i++) softmaxRow(zOf(margins), (of?.[i] ?? i) * k, k, out.subarray(i * k));
      return out;
    },
    uncertainties(margins) {
      const p = this.probabilities(margins);
      return Float64Array.from({ length: n }, (_, i) =>
        p.subarray(i * k, (i + 1) * k).reduce((sum, value) => sum - value * value, 1),
      );
    },
    rmspropEpoch,
    rowSweep: (sweep) => rowSweepReference({ rows: n, cols: d, classes: k, x, shift, labels }, sweep),
  };
}
