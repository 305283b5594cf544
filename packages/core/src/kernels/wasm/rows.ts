/** @file The row-wise sweep: its state is copied into padded rows, stepped through, and copied back. One thread. */
import { reject } from "../../errors.ts";
import type { RowSweep } from "../kernels.ts";
import { JOB } from "./job.ts";
import { checkOrder, type SweepShape } from "./sweep.ts";
import type { Location, Workspace } from "./workspace.ts";

const METHODS = { sag: 0, saga: 1, svrg: 2 } as const;
/** Bytes of rows brought in at once from outside the shared memory. */
const STAGE_BYTES = 2 ** 22;

export function runRows(workspace: Workspace, location: Location, shape: SweepShape, sweep: RowSweep): number {
  const { n, d, k } = shape;
  checkRowSweep(shape, sweep);
  const { kernels, crew } = workspace;
  const wide = 8 * Math.ceil(d / 8);
  const padRows = (name: string, values: Float64Array, rows: number): number => {
    const at = workspace.slot(name, rows * wide * 8);
    const to = workspace.floats(at, rows * wide).fill(0);
    for (let r = 0; r < rows; r++) to.set(values.subarray(r * d, (r + 1) * d), r * wide);
    return at;
  };
  const takeRows = (at: number, values: Float64Array): void => {
    const from = workspace.floats(at, k * wide);
    for (let r = 0; r < k; r++) values.set(from.subarray(r * wide, r * wide + d), r * d);
  };
  const theta = padRows("theta", sweep.weights, k);
  const square = padRows("square", sweep.gradient, k);
  const bias = workspace.put("bias", sweep.bias);
  const gradientBias = workspace.put("sweep bias", sweep.biasGradient);
  const residuals = workspace.put("residuals", sweep.residuals);
  const seen = workspace.slot("seen", n);
  workspace.bytes(seen, n).set(sweep.seen);
  workspace.job({
    theta,
    square,
    bias,
    gradientBias,
    residuals,
    seen,
    seenCount: sweep.seen.reduce((count, one) => count + one, 0),
    columnRate: padRows("rate", sweep.columnScaleSquare, 1),
    weights: workspace.slot("weights", k * wide * 4),
    order: workspace.put("order", sweep.order),
    batch: sweep.batch,
    method: METHODS[sweep.method],
    penalty: padRows("penalty", sweep.penalty, 1),
    l2: sweep.penalty.reduce((most, value) => Math.max(most, value), 0),
    rate: sweep.learningRate,
    lineSearch: sweep.lineSearch === undefined ? 0 : 1,
    lipschitz: sweep.lineSearch?.lipschitz ?? 0,
    shrink: 2 ** (-1 / n),
    stride: location.stride,
  });
  kernels.shadowWeights(JOB);
  const loss = steps(workspace, location, sweep);
  takeRows(theta, sweep.weights);
  sweep.bias.set(workspace.floats(bias, k));
  if (sweep.method !== "svrg") {
    takeRows(square, sweep.gradient);
    sweep.biasGradient.set(workspace.floats(gradientBias, k));
    sweep.residuals.set(workspace.floats(residuals, n * k));
    sweep.seen.set(workspace.bytes(seen, n));
  }
  if (sweep.lineSearch !== undefined) sweep.lineSearch.lipschitz = crew.low.getFloat("lipschitz");
  return loss / sweep.order.length;
}

/** All steps; returns the sum of the losses. */
function steps(workspace: Workspace, { source, x, stride }: Location, { order, batch }: RowSweep): number {
  const { kernels, crew } = workspace;
  const loss = workspace.slot("sums", 64);
  workspace.floats(loss, 1)[0] = 0;
  const scratch = workspace.slot("row scratch", kernels.rowScratchBytes(JOB));
  if (source === 0) {
    workspace.job({ index: 1 });
    kernels.rowSweep(JOB, scratch, loss, x, 0, order.length);
  } else {
    const rows = crew.hands.source(source);
    const step = batch * Math.max(1, Math.floor(STAGE_BYTES / (batch * stride)));
    const stage = workspace.slot("batch", step * stride + 64);
    workspace.job({ index: 0 });
    for (let start = 0; start < order.length; start += step) {
      const count = Math.min(step, order.length - start);
      for (let i = 0; i < count; i++) rows.bring(order[start + i] ?? 0, 1, stage + i * stride);
      kernels.rowSweep(JOB, scratch, loss, stage, start, count);
    }
  }
  return workspace.floats(loss, 1)[0] ?? Number.NaN;
}

function checkRowSweep({ n, d, k }: SweepShape, sweep: RowSweep): void {
  const { order, batch } = sweep;
  if (!(Number.isInteger(batch) && batch > 0)) reject("batch", "must be a positive integer", batch);
  if (order.length === 0) reject("order", "must name one row at least", 0);
  checkOrder(order, n);
  if (sweep.weights.length !== k * d || sweep.gradient.length !== k * d) {
    reject("weights", `there must be ${k}·${d} numbers, and as many of the gradient`, sweep.weights.length);
  }
  if (sweep.residuals.length !== n * k || sweep.seen.length !== n) {
    reject("residuals", `there must be ${n}·${k} numbers, and ${n} marks of rows seen`, sweep.residuals.length);
  }
  if (sweep.lineSearch !== undefined && !(sweep.lineSearch.lipschitz > 0)) {
    reject("lipschitz", "must be positive", sweep.lineSearch.lipschitz);
  }
}
