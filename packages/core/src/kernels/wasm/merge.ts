/** @file Features of fewer columns, each the scaled sum of several. */
import { reject } from "../../errors.ts";
import type { Features } from "../kernels.ts";
import { featuresInMemory, locationOf, strideOf } from "./features.ts";
import type { Workspace } from "./workspace.ts";

export function mergedColumns(workspace: Workspace, features: Features, groups: readonly Int32Array[]): Features {
  const { rows: n, cols: d } = features;
  const { index, ends, scales } = checked(groups, d);
  const location = locationOf(features, workspace);
  const outStride = strideOf(groups.length);
  const out = workspace.allocate(n * outStride + 64, "merged columns");
  workspace.job({
    cols: d,
    classes: 2,
    live: 1,
    out,
    outCols: groups.length,
    outStride,
    index: workspace.put("merged columns", index),
    order: workspace.put("ends of groups", ends),
    rowWeights: workspace.put("scales of groups", scales),
  });
  workspace.partition(n, 0);
  workspace.locate(location);
  workspace.run("mergeColumns", n * d < 500_000);
  return featuresInMemory(workspace, out, n, groups.length);
}

/** Each group's columns one after another, as byte offsets, where it ends, and 1/√size. */
function checked(groups: readonly Int32Array[], cols: number) {
  const index = new Int32Array(cols);
  const ends = new Int32Array(groups.length);
  const scales = new Float32Array(groups.length);
  const seen = new Uint8Array(cols);
  let at = 0;
  for (const [group, columns] of groups.entries()) {
    for (const column of columns) {
      if (!(column >= 0 && column < cols)) reject(`groups, group ${group}`, `columns are 0..${cols - 1}`, column);
      if (seen[column] === 1) reject(`groups, group ${group}`, "a column must be in one group", column);
      seen[column] = 1;
      index[at] = column * 4;
      at += 1;
    }
    if (columns.length === 0) reject(`groups, group ${group}`, "must have columns", "none");
    ends[group] = at * 4;
    scales[group] = 1 / Math.sqrt(columns.length);
  }
  if (at < cols) reject("groups", "every column must be in one", `none with column ${seen.indexOf(0)}`);
  return { index, ends, scales };
}
