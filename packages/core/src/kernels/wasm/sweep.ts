/** @file The minibatch sweep: θ and its squares are copied into padded rows, swept over, and copied back. */
import { reject } from "../../errors.ts";
import type { MinibatchSweep } from "../kernels.ts";
import { CONTROL, JOB, SCRATCH } from "./job.ts";
import { STRIP_COLUMNS, type Location, type Workspace } from "./workspace.ts";

export interface SweepShape {
  readonly n: number;
  readonly d: number;
  readonly k: number;
  readonly labels: Int32Array;
}

export function runSweep(workspace: Workspace, location: Location, shape: SweepShape, sweep: MinibatchSweep): number {
  const { d, k, labels } = shape;
  const { order, batch } = sweep;
  checkSweep(shape, sweep);
  const { kernels, crew } = workspace;
  const wide = 12 * Math.ceil(d / 12);
  const padRows = (name: string, values: Float64Array, rows: number, padding: number): number => {
    const at = workspace.slot(name, rows * wide * 8);
    const to = workspace.floats(at, rows * wide).fill(padding);
    for (let r = 0; r < rows; r++) to.set(values.subarray(r * d, (r + 1) * d), r * wide);
    return at;
  };
  const takeRows = (at: number, values: Float64Array): void => {
    const from = workspace.floats(at, k * wide);
    for (let r = 0; r < k; r++) values.set(from.subarray(r * wide, r * wide + d), r * d);
  };
  const theta = padRows("theta", sweep.weights, k, 0);
  const square = padRows("square", sweep.weightsSquare, k, 0);
  const bias = workspace.put("sweep bias", sweep.bias);
  const biasSquare = workspace.put("sweep bias square", sweep.biasSquare);
  const reference = sweep.bias[k - 1] ?? 0;
  const differences = new Float64Array(k + (k & 1)).fill(-Infinity);
  for (let c = 0; c < k; c++) differences[c] = (sweep.bias[c] ?? 0) - reference;
  workspace.job({
    theta,
    square,
    outBias: bias,
    biasSquare,
    bias: workspace.put("bias", differences),
    source: workspace.put("plain weights", sweep.weights),
    weights: workspace.slot("weights", kernels.weightBytes(JOB)),
    penalty: padRows("penalty", sweep.penalty, 1, 0),
    columnRate: padRows("rate", sweep.weightsRate, 1, 0),
    columnEpsilon: padRows("epsilon", sweep.weightsEpsilon, 1, 1),
    rate: sweep.learningRate,
    epsilon: sweep.epsilon,
    decay: sweep.decay,
    order: workspace.put("order", order),
    direction: workspace.put("order labels", labelsInOrder(order, labels)),
    orderLength: order.length,
    batch,
  });
  kernels.packWeights(JOB);
  workspace.partition(Math.min(batch, order.length), kernels.gradientBytes(JOB), { maxParts: 1 });
  workspace.locate(location);
  const sums = crew.low.get("acc");
  kernels.clear(sums, crew.low.get("accStride"));
  if (location.source === 0 && d <= 2 * STRIP_COLUMNS) {
    kernels.sweep(JOB, crew.low.words[SCRATCH / 4] ?? 0, sums, location.x, 0, order.length);
  } else {
    sweepBatches(workspace, location, shape, sweep, sums);
  }
  takeRows(theta, sweep.weights);
  takeRows(square, sweep.weightsSquare);
  sweep.bias.set(workspace.floats(bias, k));
  sweep.biasSquare.set(workspace.floats(biasSquare, k));
  return (workspace.floats(sums, 1)[0] ?? 0) / order.length;
}

/** The loop of `sweep` in assembly/sweep.ts, batch by batch, with the columns of each shared out among the threads. */
function sweepBatches(
  workspace: Workspace,
  { source, x, stride }: Location,
  { d, k }: SweepShape,
  { order, batch }: MinibatchSweep,
  sums: number,
): void {
  const { kernels, crew } = workspace;
  const { control, words, get } = crew.low;
  const strips = Math.ceil(d / STRIP_COLUMNS);
  const marginBytes = k === 2 ? 8 : 8 * (k + (k & 1));
  const accStride = 64 * Math.ceil(((batch + 3) * marginBytes) / 64);
  const acc = workspace.slot("sweep margins", strips * accStride);
  const staged = source === 0 ? x : workspace.slot("batch", batch * stride + 64);
  const numbers = get("order");
  const labels = get("direction");
  workspace.job({ sums, residuals: workspace.slot("residuals", accStride), source: staged });
  const alone = batch * d * k < 500_000 || strips < 2;
  const overStrips = (name: "sweepForward" | "sweepBackward", stride: number): void => {
    control[CONTROL.partRows] = 1;
    workspace.job({ rows: strips, parts: strips, acc, accStride: stride });
    workspace.run(name, alone);
  };
  for (let start = 0; start < order.length; start += batch) {
    const size = Math.min(batch, order.length - start);
    const here = numbers + start * 4;
    workspace.job({ batch: size, order: here, index: source === 0 ? here : 0, direction: labels + start * 4 });
    if (source !== 0) {
      control[CONTROL.partRows] = Math.ceil(size / 16);
      workspace.job({ rows: size, parts: Math.ceil(size / Math.ceil(size / 16)) });
      workspace.run("stage", alone);
    }
    overStrips("sweepForward", accStride);
    kernels.sweepResiduals(JOB, words[SCRATCH / 4] ?? 0);
    overStrips("sweepBackward", 0);
  }
}

// Plain loops: with callbacks these two cost as much as a sweep of a small problem.

function labelsInOrder(order: Int32Array, labels: Int32Array): Int32Array {
  const out = new Int32Array(order.length);
  for (let i = 0; i < order.length; i++) out[i] = labels[order[i]!]!;
  return out;
}

/** Every entry must be the number of a row. */
export function checkOrder(order: Int32Array, n: number): void {
  for (let i = 0; i < order.length; i++) {
    if (!(order[i]! >= 0 && order[i]! < n)) reject("order", `rows are 0..${n - 1}`, order[i]);
  }
}

function checkSweep({ n, d, k }: SweepShape, sweep: MinibatchSweep): void {
  const { order, batch } = sweep;
  if (!(Number.isInteger(batch) && batch > 0)) reject("batch", "must be a positive integer", batch);
  if (order.length === 0) reject("order", "must name one row at least", 0);
  checkOrder(order, n);
  if (sweep.weights.length !== k * d || sweep.weightsSquare.length !== k * d) {
    reject("weights", `there must be ${k}·${d} numbers, and as many squares`, sweep.weights.length);
  }
  if (!sweep.weightsEpsilon.every((epsilon) => epsilon > 0) || !(sweep.epsilon > 0)) {
    reject("epsilon", "must be positive", Math.min(sweep.epsilon, ...sweep.weightsEpsilon.slice(0, 1)));
  }
}
