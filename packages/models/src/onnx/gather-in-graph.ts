/**
 * @file Columns picked inside the graph. A tap of millions of values of which a thousand are kept need not leave
 * onnxruntime whole: Reshape and Gather are added behind it, and their output is read instead. The values are the same.
 */
import type { NodeProto } from "onnx-buf";
import { int64s, node } from "./build.ts";
import type { OnnxModel } from "./read-model.ts";
import type { MeasuredTap } from "./tapped-session.ts";

export interface Gathered {
  readonly nodes: readonly NodeProto[];
  /** What to read for each tap: the tap itself, or the columns picked of it. */
  readonly names: readonly string[];
  /** Whether the columns are picked in the graph. */
  readonly inside: readonly boolean[];
}

/** `columns` are those kept of a row of each tap, in order; undefined where the whole row is wanted. */
export function gatherInGraph(
  model: OnnxModel,
  taps: readonly MeasuredTap[],
  columns: readonly (Int32Array | undefined)[],
): Gathered {
  const free = prefixFor(model);
  const nodes: NodeProto[] = [];
  const inside: boolean[] = [];
  const names = taps.map((tap, i) => {
    const kept = columns[i];
    inside.push(kept !== undefined && rowsAreFirst(tap));
    if (kept === undefined || !rowsAreFirst(tap)) return tap.name;
    const [shape, flat, indices, picked] = ["shape", "flat", "indices", "picked"].map((part) => `${free}${i}/${part}`);
    // Constants as nodes: old files want every initializer to be an input, too.
    nodes.push(
      constant(shape ?? "", [0, -1]),
      node("Reshape", [tap.name, shape ?? ""], [flat ?? ""]),
      constant(indices ?? "", Array.from(kept)),
      node("Gather", [flat ?? "", indices ?? ""], [picked ?? ""], { attributes: { axis: 1 } }),
    );
    return picked ?? "";
  });
  return { nodes, names, inside };
}

/** A row of the tap must be one entry of its first axis. An input is handed through as it is. */
function rowsAreFirst({ rows, operator, type }: MeasuredTap): boolean {
  return rows?.axis === 0 && rows.chunk === 1 && operator !== "input" && type === "float32";
}

function constant(name: string, values: readonly number[]): NodeProto {
  return node("Constant", [], [name], { attributes: { value: int64s("", values) } });
}

/** The beginning of names that the graph does not use. */
function prefixFor({ graph }: OnnxModel): string {
  const used = [
    ...graph.producer.keys(),
    ...graph.initializers.keys(),
    ...graph.inputs.map(({ name }) => name),
    ...graph.hidden.keys(),
  ];
  for (let i = 0; ; i++) {
    const prefix = `kept${i === 0 ? "" : i}/`;
    if (!used.some((name) => name.startsWith(prefix))) return prefix;
  }
}
