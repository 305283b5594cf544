/**
 * @file Minibatch sweeps on features that are known to be a convolution of others (assembly/convolved.ts): a batch's
 * products are made on the inputs, of which there are fewer, and no row of the features is brought in.
 */
import { reject } from "../../errors.ts";
import type { Features, MinibatchSweep } from "../kernels.ts";
import { locationOf } from "./features.ts";
import { CONTROL, JOB } from "./job.ts";
import { checkSweep, putLabels, putOrder, type SweepShape } from "./sweep.ts";
import type { Workspace } from "./workspace.ts";

/** x = K ∗ u + bias, zeros around u: x[f, y, x] = bias[f] + Σ K[f, i, j] u[y + i - ⌊side/2⌋, x + j - ⌊side/2⌋]. */
export interface Convolution {
  readonly inputs: Features; // U [n, height·width], in memory
  readonly height: number;
  readonly width: number; // even
  readonly kernels: Float32Array; // K [filters, side, side], side odd
  readonly bias: Float32Array; // [filters]
}

const known = new WeakMap<Features, Convolution>();

export function knowConvolution(features: Features, convolution: Convolution): void {
  const { inputs, height, width, kernels, bias } = convolution;
  const side = sideOf(convolution);
  if (!(width > 0 && width % 2 === 0)) reject("convolution", "the inputs' width must be even", width);
  if (!(Number.isInteger(side) && side % 2 === 1))
    reject("convolution", `kernels must be ${bias.length} squares of odd side`, kernels.length);
  if (inputs.rows !== features.rows || inputs.cols !== height * width)
    reject("convolution", `inputs must be ${features.rows}x${height * width}`, `${inputs.rows}x${inputs.cols}`);
  if (features.cols !== bias.length * height * width)
    reject("convolution", `features must have ${bias.length}·${height}·${width} columns`, features.cols);
  if (inputs.storage !== "memory") reject("convolution", "inputs must lie in memory", inputs.storage);
  for (const row of [0, features.rows - 1]) checkRow(features, convolution, row);
  known.set(features, convolution);
}

/** Relative to the greatest number of a row: far beyond what float32 sums may differ by. */
const TOLERANCE = 1e-4;

function checkRow(features: Features, convolution: Convolution, row: number): void {
  const [u, x] = [convolution.inputs.readRows([row]), features.readRows([row])];
  const expected = convolved(convolution, u);
  const greatest = x.reduce((most, value) => Math.max(most, Math.abs(value)), Number.MIN_VALUE);
  const wrong = x.findIndex((value, j) => !(Math.abs(value - expected[j]!) <= TOLERANCE * greatest));
  if (wrong >= 0)
    reject(`features, row ${row}, column ${wrong}`, `must be ${expected[wrong]}, the convolution`, x[wrong]);
}

/** K ∗ u + bias [filters, height, width]. */
function convolved(convolution: Convolution, u: Float32Array): Float64Array {
  const { height, width, kernels, bias } = convolution;
  const side = sideOf(convolution);
  const half = (side - 1) / 2;
  const x = new Float64Array(bias.length * height * width);
  for (let at = 0; at < x.length; at++) {
    const [f, cell] = [Math.floor(at / (height * width)), at % (height * width)];
    const [top, left] = [Math.floor(cell / width) - half, (cell % width) - half];
    let sum = bias[f]!;
    for (let i = Math.max(0, -top); i < Math.min(side, height - top); i++) {
      for (let j = Math.max(0, -left); j < Math.min(side, width - left); j++)
        sum += kernels[(f * side + i) * side + j]! * u[(top + i) * width + left + j]!;
    }
    x[at] = sum;
  }
  return x;
}

export const convolutionOf = (features: Features): Convolution | undefined => known.get(features);

const sideOf = ({ kernels, bias }: Convolution): number => Math.sqrt(kernels.length / bias.length);

/** As `runSweep`, to rounding. `shift` is c of the kernel coordinates x - c. */
export function runConvolvedSweep(
  workspace: Workspace,
  convolution: Convolution,
  shape: SweepShape,
  shift: Float32Array,
  sweep: MinibatchSweep,
): number {
  const { inputs, height, width, bias: filterBias } = convolution;
  const { k } = shape;
  const { order, batch } = sweep;
  const { kernels, crew } = workspace;
  checkSweep(shape, sweep);
  const cells = height * width;
  const put = (name: string, values: Float64Array | Float32Array): number => workspace.put(`convolved ${name}`, values);
  const room = (name: string, numbers: number): number => workspace.slot(`convolved ${name}`, 8 * numbers);

  workspace.resident = undefined; // labels and shift are those of a batch
  workspace.job({ cols: cells, classes: k, live: k - 1, rowWeights: 0, filters: filterBias.length, height, width });
  workspace.job({ side: sideOf(convolution), kernels: put("kernels", withTurned(convolution)) });
  const theta = put("theta", sweep.weights);
  const square = put("square", sweep.weightsSquare);
  const bias = put("bias", sweep.bias);
  const biasSquare = put("bias square", sweep.biasSquare);
  const byConstants = room("by constants", k);
  const out = room("gradient", k * cells);
  const plain = room("weights", k * cells);
  const differences = put("bias differences", new Float64Array(k + (k & 1)).fill(-Infinity));
  const gradientBias = room("residual", k);
  workspace.partition(Math.min(batch, order.length), kernels.gradientBytes(JOB), { maxParts: 1 });
  workspace.locate(locationOf(inputs, workspace), true);
  const accStride = crew.low.get("accStride");
  const sums = workspace.slot("sweep sums", accStride);
  workspace.job({
    theta,
    square,
    biasSquare,
    gradientBias,
    constants: put("constants", constantsOf(convolution, shift)),
    convolved: workspace.slot("convolved room", k * kernels.convolvedBytes(JOB)),
    penalty: put("penalty", sweep.penalty),
    columnRate: put("rate", sweep.weightsRate),
    columnEpsilon: put("epsilon", sweep.weightsEpsilon),
    rate: sweep.learningRate,
    epsilon: sweep.epsilon,
    decay: sweep.decay,
    shift: put("shift", new Float32Array(4 * Math.ceil(cells / 4))),
    bias: differences,
    source: plain,
    weights: workspace.slot("weights", kernels.weightBytes(JOB)),
    out,
    sums,
    sumsParts: 1,
  });
  const numbers = putOrder(workspace, "order", order, shape.n);
  const labels = putLabels(workspace, "order labels", order, shape.labels);

  /** The step of W, where there was a batch, and the weights on u. */
  const convolve = (size: number): void => {
    workspace.job({ rows: k, parts: k, accStride: 0, batch: size, outBias: byConstants });
    crew.low.control[CONTROL.partRows] = 1;
    workspace.run("convolvedClasses");
    const [own, constant] = [workspace.floats(bias, k), workspace.floats(byConstants, k)];
    const to = workspace.floats(differences, k);
    const reference = own[k - 1]! + constant[k - 1]!;
    for (let c = 0; c < k; c++) to[c] = own[c]! + constant[c]! - reference;
    kernels.packWeights(JOB);
  };

  convolve(0);
  let loss = 0;
  for (let start = 0; start < order.length; start += batch) {
    const size = Math.min(batch, order.length - start);
    const at = start * 4;
    workspace.job({
      rows: size,
      parts: 1,
      batch: size,
      index: numbers + at,
      labels: labels + at,
      acc: sums,
      accStride,
      outBias: bias,
    });
    crew.low.control[CONTROL.partRows] = size;
    workspace.run("sweepRows", true); // a fraction of the step of W
    kernels.finishGradient(JOB);
    const head = workspace.floats(sums, 4 + k);
    const residual = workspace.floats(gradientBias, k);
    for (let c = 0; c < k; c++) residual[c] = head[4 + c]! / size;
    loss += kernels.sweepBias(JOB);
    convolve(size);
  }
  sweep.weights.set(workspace.floats(theta, sweep.weights.length));
  sweep.weightsSquare.set(workspace.floats(square, sweep.weightsSquare.length));
  sweep.bias.set(workspace.floats(bias, k));
  sweep.biasSquare.set(workspace.floats(biasSquare, k));
  return loss / order.length;
}

/** K, then the kernels turned by half a circle. */
function withTurned(convolution: Convolution): Float32Array {
  const { kernels } = convolution;
  const area = sideOf(convolution) ** 2;
  const both = new Float32Array(2 * kernels.length);
  both.set(kernels);
  for (let at = 0; at < kernels.length; at += area)
    both.set(kernels.subarray(at, at + area).toReversed(), kernels.length + at);
  return both;
}

/** What x - shift has beside K ∗ u [d]. */
function constantsOf({ bias, height, width }: Convolution, shift: Float32Array): Float64Array {
  const cells = height * width;
  return Float64Array.from({ length: bias.length * cells }, (_, j) => bias[Math.floor(j / cells)]! - shift[j]!);
}
