/**
 * @file Reducers inside the graph. A tap of millions of values of which a thousand are kept, or a mean per channel, need not
 * leave onnxruntime whole: nodes are added behind it, and their output is read instead. Values picked are the same;
 * means are summed in float32.
 */
import type { NodeProto } from "onnx-buf";
import { int64s, node } from "./build.ts";
import type { OnnxModel } from "./read-model.ts";
import type { Reducer } from "./reducers.ts";
import type { MeasuredTap } from "./tapped-session.ts";

export interface ReducedInGraph {
  readonly nodes: readonly NodeProto[];
  /** What to read for each tap: the tap itself, or what the nodes make of it. */
  readonly names: readonly string[];
}

/** Whether the graph itself can do what `reducer` does to a tap: a row of it must be one entry of its first axis. */
export function reducesInGraph({ rows, operator, type }: MeasuredTap, reducer: Reducer | undefined): boolean {
  // An input is handed through as it is.
  const plain = rows?.axis === 0 && rows.chunk === 1 && operator !== "input" && type === "float32";
  return plain && reducer?.inGraph !== undefined;
}

/** `reducers` are those of the taps, in order. */
export function reduceInGraph(
  model: OnnxModel,
  taps: readonly MeasuredTap[],
  reducers: readonly Reducer[],
): ReducedInGraph {
  const free = prefixFor(model);
  const nodes: NodeProto[] = [];
  const names = taps.map((tap, i) => {
    const reducer = reducers[i];
    if (reducer?.inGraph === undefined || !reducesInGraph(tap, reducer)) return tap.name;
    const named = (part: string): string => `${free}${i}/${part}`;
    const [shape, kept] = [named("shape"), named("kept")];
    // Constants as nodes: old files want every initializer to be an input, too.
    nodes.push(constant(shape, [0, -1]));
    if (reducer.inGraph.kind === "channel-means") {
      const means = named("means");
      nodes.push(node("GlobalAveragePool", [tap.name], [means]), node("Reshape", [means, shape], [kept]));
      return kept;
    }
    const [flat, indices] = [named("flat"), named("indices")];
    nodes.push(
      node("Reshape", [tap.name, shape], [flat]),
      constant(indices, Array.from(reducer.inGraph.columns)),
      node("Gather", [flat, indices], [kept], { attributes: { axis: 1 } }),
    );
    return kept;
  });
  return { nodes, names };
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
