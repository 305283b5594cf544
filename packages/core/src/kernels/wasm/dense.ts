/** @file Layers that are computed here and not by an engine, and the mean norm of rows. */
import { reject } from "../../errors.ts";
import type { Features } from "../kernels.ts";
import { featuresInMemory, locationOf, strideOf, takeOver } from "./features.ts";
import { JOB } from "./job.ts";
import type { Workspace } from "./workspace.ts";

export function denseLeakyRelu(
  workspace: Workspace,
  features: Features,
  weights: Float32Array,
  outputs: number,
  slope: number,
): Features {
  const { rows: n, cols: d } = features;
  if (!(Number.isInteger(outputs) && outputs > 0)) reject("outputs", "must be a positive integer", outputs);
  if (weights.length !== d * outputs) reject("weights", `there must be ${d}·${outputs} numbers`, weights.length);
  if (!(slope >= 0 && slope <= 1)) reject("slope", "must be 0..1", slope);
  const location = locationOf(features, workspace);
  const outStride = strideOf(outputs);
  const out = workspace.allocate(n * outStride + 64, "dense layer");
  const panels = Math.ceil(outputs / 12);
  workspace.job({
    cols: d,
    classes: 2,
    live: 1,
    outCols: outputs,
    outStride,
    out,
    slope,
    source: workspace.put("plain weights", weights),
    weights: workspace.slot("weights", panels * d * 48),
  });
  workspace.kernels.packDense(JOB);
  workspace.partition(n, 0);
  workspace.locate(location);
  workspace.run("dense", n * d * outputs < 500_000);
  return featuresInMemory(workspace, out, n, outputs);
}

/** max(X, 0) where X was. */
export function rectified(workspace: Workspace, features: Features): Features {
  const { rows, cols, storage } = features;
  if (storage === "file") reject("rectified", "features must lie in memory or in buffers", storage);
  const location = locationOf(features, workspace);
  workspace.job({ cols, classes: 2, live: 1 });
  workspace.partition(rows, 0);
  workspace.locate(location);
  workspace.run("rectify", rows * cols < 500_000);
  return takeOver(features);
}

/** Mean over rows of ‖x‖₂. */
export function meanRowNorm(workspace: Workspace, features: Features): number {
  const { rows: n, cols: d } = features;
  workspace.job({ cols: d, classes: 2, live: 1 });
  workspace.partition(n, 0);
  workspace.locate(locationOf(features, workspace));
  workspace.run("rowNorms", n * d < 500_000);
  workspace.kernels.reduce(JOB);
  return (workspace.floats(workspace.crew.low.get("acc"), 1)[0] ?? 0) / n;
}
