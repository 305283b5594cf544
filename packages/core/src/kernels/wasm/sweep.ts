/** @file The minibatch sweep: θ and its squares are copied into padded rows, swept over, and copied back. */
import { reject } from "../../errors.ts";
import type { MinibatchSweep, SweepProduct } from "../kernels.ts";
import { locationOf } from "./features.ts";
import { CONTROL, JOB, SCRATCH } from "./job.ts";
import { memberOf } from "./together.ts";
import { STRIP_COLUMNS, type Location, type Workspace } from "./workspace.ts";

export interface SweepShape {
  readonly n: number;
  readonly d: number;
  readonly k: number;
  readonly labels: Int32Array;
}

export function runSweep(workspace: Workspace, location: Location, shape: SweepShape, sweep: MinibatchSweep): number {
  const { order, batch } = sweep;
  const { kernels } = workspace;
  const takeAll = describeSweep(workspace, shape, sweep, putOrder(workspace, "order", order, shape.n));
  workspace.partition(Math.min(batch, order.length), kernels.gradientBytes(JOB), { maxParts: 1 });
  workspace.locate(location, true);
  const loss = isSweptWhole(location, shape)
    ? sweepWhole(workspace, location, order.length)
    : sweepBatches(workspace, location, shape, sweep);
  takeAll();
  return loss / order.length;
}

/** So few columns that one thread is quicker than several that wait for one another at every batch. */
const isNarrow = (d: number): boolean => d <= 2 * STRIP_COLUMNS;

/** By one call. */
const isSweptWhole = ({ source }: Location, { d }: SweepShape): boolean => source === 0 && isNarrow(d);

function sweepWhole(workspace: Workspace, { x }: Location, rows: number): number {
  const { kernels, crew } = workspace;
  const sums = crew.low.get("acc");
  kernels.clear(sums, crew.low.get("accStride"));
  kernels.sweep(JOB, crew.low.words[SCRATCH / 4] ?? 0, sums, x, 0, rows);
  return workspace.floats(sums, 1)[0] ?? Number.NaN;
}

/** Several sweeps side by side where each would be made by one call, else one after another; the same bits either way. */
export function sweepsTogether(workspace: Workspace, products: readonly SweepProduct[]): number[] {
  const [first] = products;
  if (first === undefined) return [];
  const { features } = memberOf(first.kernels);
  const location = locationOf(features, workspace);
  const { order, batch } = first.sweep;
  const inStep = products.every(
    ({ kernels, sweep }) =>
      memberOf(kernels).features === features && sweep.batch === batch && sweep.order.length === order.length,
  );
  const shapeOf = ({ kernels }: SweepProduct): SweepShape => {
    const { classes: k, labels } = memberOf(kernels);
    return { n: features.rows, d: features.cols, k, labels };
  };
  if (!inStep || !isSweptWhole(location, shapeOf(first)))
    return products.map(({ kernels, sweep }) => kernels.rmspropEpoch(sweep));

  const { kernels, crew } = workspace;
  const size = kernels.jobBytes();
  const jobs = workspace.slot("members", products.length * size);
  workspace.resident = undefined;
  const orders = new Map<Int32Array, number>();
  const taking = products.map((product, i) => {
    const shape = shapeOf(product);
    const given = product.sweep.order;
    const orderAt = orders.get(given) ?? putOrder(workspace, `order ${i}`, given, features.rows);
    orders.set(given, orderAt);
    workspace.job({ cols: shape.d, classes: shape.k, live: shape.k - 1, index: 0, rowWeights: 0 });
    workspace.job({ shift: workspace.put(`shift ${i}`, memberOf(product.kernels).shift) });
    const takeAll = describeSweep(workspace, shape, product.sweep, orderAt, ` ${i}`);
    workspace.partition(Math.min(batch, order.length), kernels.gradientBytes(JOB), { maxParts: 1 });
    workspace.locate(location);
    const bytes = crew.low.get("accStride");
    const sums = workspace.slot(`sweep sums ${i}`, bytes);
    kernels.clear(sums, bytes);
    workspace.job({ acc: sums });
    workspace.bytes(jobs + i * size, size).set(workspace.bytes(JOB, size));
    return { takeAll, sums };
  });
  kernels.sweepTogether(jobs, products.length, crew.low.words[SCRATCH / 4] ?? 0, location.x);
  return taking.map(({ takeAll, sums }) => {
    takeAll();
    return (workspace.floats(sums, 1)[0] ?? 0) / order.length;
  });
}

/**
 * Brings in all but the order, which is there, the sums and the scratch; returns what takes the results out. `suffix` names
 * slots of its own.
 */
function describeSweep(
  workspace: Workspace,
  shape: SweepShape,
  sweep: MinibatchSweep,
  orderAt: number,
  suffix = "",
): () => void {
  const { d, k, labels } = shape;
  const { order, batch } = sweep;
  checkSweep(shape, sweep);
  const { kernels } = workspace;
  const wide = 12 * Math.ceil(d / 12);
  const put = (name: string, values: Float64Array): number => workspace.put(`${name}${suffix}`, values);
  const padRows = (name: string, values: Float64Array, rows: number, padding: number): number => {
    const at = workspace.slot(`${name}${suffix}`, rows * wide * 8);
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
  const bias = put("sweep bias", sweep.bias);
  const biasSquare = put("sweep bias square", sweep.biasSquare);
  const reference = sweep.bias[k - 1] ?? 0;
  const differences = new Float64Array(k + (k & 1)).fill(-Infinity);
  for (let c = 0; c < k; c++) differences[c] = (sweep.bias[c] ?? 0) - reference;
  workspace.job({
    theta,
    square,
    outBias: bias,
    biasSquare,
    bias: put("bias", differences),
    source: put("plain weights", sweep.weights),
    weights: workspace.slot(`weights${suffix}`, kernels.weightBytes(JOB)),
    penalty: padRows("penalty", sweep.penalty, 1, 0),
    columnRate: padRows("rate", sweep.weightsRate, 1, 0),
    columnEpsilon: padRows("epsilon", sweep.weightsEpsilon, 1, 1),
    rate: sweep.learningRate,
    epsilon: sweep.epsilon,
    decay: sweep.decay,
    order: orderAt,
    direction: putLabels(workspace, `order labels${suffix}`, order, labels),
    orderLength: order.length,
    batch,
  });
  kernels.packWeights(JOB);
  return () => {
    takeRows(theta, sweep.weights);
    takeRows(square, sweep.weightsSquare);
    sweep.bias.set(workspace.floats(bias, k));
    sweep.biasSquare.set(workspace.floats(biasSquare, k));
  };
}

/** Row partitions of a batch of wide features: enough for the threads of most machines, and each has sums as wide as W. */
const WIDE_PARTS = 4;

/** The loop of `sweep` in assembly/sweep.ts, batch by batch, each shared out among the threads. Returns the loss of all. */
function sweepBatches(
  workspace: Workspace,
  location: Location,
  { d, k }: SweepShape,
  { order, batch }: MinibatchSweep,
) {
  const { kernels, crew } = workspace;
  const { control, get } = crew.low;
  const strips = Math.ceil(d / STRIP_COLUMNS);
  const accStride = get("accStride");
  const most = isNarrow(d) ? 1 : WIDE_PARTS;
  const sums = workspace.slot("sweep sums", most * accStride);
  const numbers = get("order");
  const labels = get("direction");
  const alone = batch * d * k < 500_000 || isNarrow(d);
  workspace.resident = undefined; // the job's labels become the batch's
  let loss = 0;
  for (let start = 0; start < order.length; start += batch) {
    const size = Math.min(batch, order.length - start);
    const here = numbers + start * 4;
    const partRows = 3 * Math.ceil(size / most / 3);
    const parts = Math.ceil(size / partRows);
    control[CONTROL.partRows] = partRows;
    workspace.job({ rows: size, parts, acc: sums, accStride, batch: size, order: here });
    workspace.job({ index: location.source === 0 ? here : 0, labels: labels + start * 4 });
    workspace.run("sweepRows", alone);
    control[CONTROL.partRows] = 1;
    workspace.job({ rows: strips, parts: strips, accStride: 0, sums, sumsParts: parts, sumsStride: accStride });
    loss += kernels.sweepBias(JOB);
    workspace.run("sweepWeights", alone);
  }
  return loss;
}

// Plain loops: with callbacks these two cost as much as a sweep of a small problem.

export function putLabels(workspace: Workspace, slot: string, order: Int32Array, labels: Int32Array): number {
  const at = workspace.slot(slot, order.length * 4 + 64);
  const to = new Int32Array(workspace.memory.buffer, at, order.length);
  for (let i = 0; i < order.length; i++) to[i] = labels[order[i]!]!;
  return at;
}

export function putOrder(workspace: Workspace, slot: string, order: Int32Array, n: number): number {
  checkOrder(order, n);
  return workspace.put(slot, order);
}

/** Every entry must be the number of a row. */
export function checkOrder(order: Int32Array, n: number): void {
  for (let i = 0; i < order.length; i++) {
    if (!(order[i]! >= 0 && order[i]! < n)) reject("order", `rows are 0..${n - 1}`, order[i]);
  }
}

export function checkSweep({ d, k }: SweepShape, sweep: MinibatchSweep): void {
  const { order, batch } = sweep;
  if (!(Number.isInteger(batch) && batch > 0)) reject("batch", "must be a positive integer", batch);
  if (order.length === 0) reject("order", "must name one row at least", 0);
  if (sweep.weights.length !== k * d || sweep.weightsSquare.length !== k * d) {
    reject("weights", `there must be ${k}·${d} numbers, and as many squares`, sweep.weights.length);
  }
  if (!sweep.weightsEpsilon.every((epsilon) => epsilon > 0) || !(sweep.epsilon > 0)) {
    reject("epsilon", "must be positive", Math.min(sweep.epsilon, ...sweep.weightsEpsilon.slice(0, 1)));
  }
}
