/** @file The minibatch sweep: θ and its squares are copied into padded rows, swept over, and copied back. */
import { reject } from "../../errors.ts";
import type { MinibatchSweep } from "../kernels.ts";
import { JOB, SCRATCH, STAGE } from "./job.ts";
import type { Location, Workspace } from "./workspace.ts";

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
    direction: workspace.put(
      "order labels",
      order.map((row) => labels[row] ?? 0),
    ),
    orderLength: order.length,
    batch,
  });
  kernels.packWeights(JOB);
  workspace.partition(Math.min(batch, order.length), kernels.gradientBytes(JOB), { maxParts: 1 });
  workspace.locate(location);
  const acc = crew.low.get("acc");
  kernels.clear(acc, crew.low.get("accStride"));
  const scratch = crew.low.words[SCRATCH / 4] ?? 0;
  if (location.source === 0) kernels.sweep(JOB, scratch, acc, location.x, 0, order.length);
  else sweepStaged(workspace, location, sweep, scratch, acc);
  takeRows(theta, sweep.weights);
  takeRows(square, sweep.weightsSquare);
  sweep.bias.set(workspace.floats(bias, k));
  sweep.biasSquare.set(workspace.floats(biasSquare, k));
  return (workspace.floats(acc, 1)[0] ?? 0) / order.length;
}

/** The loop of assembly/sweep.ts for features outside the shared memory: each block's rows are brought in first. */
function sweepStaged(
  { kernels, crew }: Workspace,
  { source, stride }: Location,
  { order, batch }: MinibatchSweep,
  scratch: number,
  acc: number,
): void {
  const blockRows = crew.low.get("blockRows");
  const stage = crew.low.words[STAGE / 4] ?? 0;
  const rows = crew.hands.source(source);
  for (let start = 0; start < order.length; start += batch) {
    const end = Math.min(start + batch, order.length);
    kernels.sweepBegin(JOB, acc);
    for (let at = start; at < end; at += blockRows) {
      const count = Math.min(blockRows, end - at);
      for (let i = 0; i < count; i++) rows.bring(order[at + i] ?? 0, 1, stage + i * stride);
      kernels.sweepStaged(JOB, scratch, acc, stage, at, count);
    }
    kernels.sweepUpdate(JOB, acc, end - start);
  }
}

function checkSweep({ n, d, k }: SweepShape, sweep: MinibatchSweep): void {
  const { order, batch } = sweep;
  if (!(Number.isInteger(batch) && batch > 0)) reject("batch", "must be a positive integer", batch);
  if (order.length === 0) reject("order", "must name one row at least", 0);
  const wrong = order.find((row) => !(row >= 0 && row < n));
  if (wrong !== undefined) reject("order", `rows are 0..${n - 1}`, wrong);
  if (sweep.weights.length !== k * d || sweep.weightsSquare.length !== k * d) {
    reject("weights", `there must be ${k}·${d} numbers, and as many squares`, sweep.weights.length);
  }
  if (!sweep.weightsEpsilon.every((epsilon) => epsilon > 0) || !(sweep.epsilon > 0)) {
    reject("epsilon", "must be positive", Math.min(sweep.epsilon, ...sweep.weightsEpsilon.slice(0, 1)));
  }
}
