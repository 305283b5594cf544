/** @file The rows of a weighted sample, made in the shared memory (assembly/weighted-rows.ts). */
import type { Features } from "../kernels.ts";
import type { SampleOfRows } from "../weighted-rows.ts";
import { featuresInMemory, locationOf, strideOf } from "./features.ts";
import { checkOrder } from "./sweep.ts";
import type { Workspace } from "./workspace.ts";

/** As `weightedRowsOf`, bit for bit; undefined where X lies elsewhere. */
export function weightedRows(workspace: Workspace, features: Features, sample: SampleOfRows): Features | undefined {
  const { source, x, stride } = locationOf(features, workspace);
  if (source !== 0) return undefined;
  const { rows, weights, shift, scale } = sample;
  const { cols } = features;
  checkOrder(rows, features.rows);
  const wide = strideOf(cols + 1);
  const to = workspace.allocate(rows.length * wide + 64, "weighted rows");
  const padded = (values: Float64Array): Float64Array => {
    const all = new Float64Array(4 * Math.ceil(cols / 4));
    all.set(values);
    return all;
  };
  const at = {
    index: workspace.put("order", rows),
    weights: workspace.put("row weights", weights),
    shift: workspace.put("shift of rows", padded(shift)),
    scale: workspace.put("scale of rows", padded(scale)),
  };
  workspace.kernels.weightedRows(x, stride, at.index, at.weights, rows.length, cols, at.shift, at.scale, to, wide);
  return featuresInMemory(workspace, to, rows.length, cols + 1);
}
