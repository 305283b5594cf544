/** @file The row-wise loops of SAG, SAGA and SVRG in plain TypeScript: the definition in kernels.ts, in float64. */
import type { RowSweep } from "./kernels.ts";
import { softmaxRow } from "./softmax.ts";

export interface RowProblem {
  readonly rows: number;
  readonly cols: number;
  readonly classes: number;
  readonly x: Float32Array; // X [n, d]
  readonly shift: Float64Array;
  readonly labels: Int32Array;
}

export function rowSweepReference(problem: RowProblem, sweep: RowSweep): number {
  const { rows: n, cols: d, classes: k } = problem;
  const { method, order, batch, weights, bias, gradient, biasGradient, columnScaleSquare, penalty, lineSearch } = sweep;
  const most = penalty.reduce((a, b) => Math.max(a, b), 0);
  const keeps = method !== "svrg";
  let seenCount = sweep.seen.reduce((count, one) => count + one, 0);
  let rate = sweep.learningRate;
  let loss = 0;
  for (let start = 0; start < order.length; start += batch) {
    const rows = order.subarray(start, start + batch);
    const own = new Float64Array(k * d); // s
    const ownBias = new Float64Array(k);
    rows.forEach((row, at) => {
      const input = centredRow(problem, row);
      const z = marginsOf(input, weights, bias, k);
      const p = new Float64Array(k);
      const y = problem.labels[row]!;
      loss += softmaxRow(z, 0, k, p) - z[y]!;
      p[y]! -= 1;
      if (lineSearch !== undefined && at === 0) {
        lineSearch.lipschitz = searchLipschitz(lineSearch.lipschitz, n, inputSquare(input, columnScaleSquare), z, p, y);
        rate = 1 / (lineSearch.lipschitz + most);
      }
      for (let c = 0; c < k; c++) {
        const delta = p[c]! - sweep.residuals[row * k + c]!;
        ownBias[c]! += delta;
        for (let j = 0; j < d; j++) own[c * d + j]! += delta * input[j]!;
        if (keeps) sweep.residuals[row * k + c]! += delta;
      }
      if (keeps && sweep.seen[row] === 0) {
        sweep.seen[row] = 1;
        seenCount += 1;
      }
    });
    const past = keeps ? 1 / Math.max(1, seenCount) : 1;
    const a = method === "sag" ? past : 1 / rows.length;
    for (let at = 0; at < k * d; at++) {
      const step = columnScaleSquare[at % d]! * (a * own[at]! + past * gradient[at]!);
      weights[at] = (1 - rate * penalty[at % d]!) * weights[at]! - rate * step;
      if (keeps) gradient[at]! += own[at]!;
    }
    for (let c = 0; c < k; c++) {
      bias[c]! -= rate * (a * ownBias[c]! + past * biasGradient[c]!);
      if (keeps) biasGradient[c]! += ownBias[c]!;
    }
  }
  return loss / order.length;
}

function centredRow({ x, shift, cols: d }: RowProblem, row: number): Float64Array {
  return Float64Array.from({ length: d }, (_, j) => x[row * d + j]! - shift[j]!);
}

function marginsOf(input: Float64Array, weights: Float64Array, bias: Float64Array, k: number): Float64Array {
  const d = input.length;
  return Float64Array.from({ length: k }, (_, c) => {
    let sum = bias[c]!;
    for (let j = 0; j < d; j++) sum += weights[c * d + j]! * input[j]!;
    return sum;
  });
}

/** ‖x̃‖² in scaled coordinates, with the 1 of the bias. */
function inputSquare(input: Float64Array, scaleSquare: Float64Array): number {
  return input.reduce((sum, value, j) => sum + value * value * scaleSquare[j]!, 1);
}

/** L doubles while f_i(θ - g/L) > f_i(θ) - ‖g‖²/(2L); z moves by -r ‖x̃‖²/L (Schmidt et al. 2013, section 4.5). */
function searchLipschitz(
  lipschitz: number,
  n: number,
  square: number,
  z: Float64Array,
  r: Float64Array,
  y: number,
): number {
  const lossAt = (t: number): number => {
    const moved = z.map((value, c) => value + t * r[c]!);
    return softmaxRow(moved, 0, z.length, new Float64Array(z.length)) - moved[y]!;
  };
  const norm = r.reduce((sum, value) => sum + value * value, 0) * square;
  let l = lipschitz * 2 ** (-1 / n);
  if (!(norm > 1e-8)) return l;
  for (let tries = 0; tries < 100 && lossAt(-square / l) > lossAt(0) - norm / (2 * l); tries++) l *= 2;
  return l;
}
