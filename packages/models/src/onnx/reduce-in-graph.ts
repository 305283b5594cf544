/**
 * @file Reducers inside the graph. A tap of millions of values of which a thousand are kept need not leave onnxruntime
 * whole: nodes are added behind it, and their output is read instead. Values picked and maxima are the same; means are
 * summed in float32.
 */
import type { NodeProto, TensorProto } from "onnx-buf";
import { int64s, node, tensor } from "./build.ts";
import { cellRange } from "./pool-grid.ts";
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
    const add = (operator: string, inputs: readonly string[], part: string, axis?: number): string => {
      const attributes = axis === undefined ? {} : { axis };
      nodes.push(node(operator, inputs, [named(part)], { attributes }));
      return named(part);
    };
    // Constants as nodes: old files want every initializer to be an input, too.
    const fixed = (part: string, value: TensorProto): string => {
      nodes.push(node("Constant", [], [named(part)], { attributes: { value } }));
      return named(part);
    };
    add("Reshape", [reduced(tap, reducer.inGraph, add, fixed), fixed("shape", int64s("", [0, -1]))], "kept");
    return named("kept");
  });
  return { nodes, names };
}

type Add = (operator: string, inputs: readonly string[], part: string, axis?: number) => string;
type Fixed = (part: string, value: TensorProto) => string;

/** Adds nodes whose values, row after row, are the reduced tap; returns their name. */
function reduced(
  { name, shape }: MeasuredTap,
  reduction: NonNullable<Reducer["inGraph"]>,
  add: Add,
  fixed: Fixed,
): string {
  switch (reduction.kind) {
    case "columns": {
      const flat = add("Reshape", [name, fixed("flat-shape", int64s("", [0, -1]))], "flat");
      return add("Gather", [flat, fixed("indices", int64s("", Array.from(reduction.columns)))], "picked", 1);
    }
    case "channel-maxima": {
      // The greatest may pass over NaN, which must not go unseen: the mean does not, and nought times it is added.
      const nought = fixed("nought", tensor("", [], Float32Array.of(0)));
      const unseen = add("Mul", [add("GlobalAveragePool", [name], "means"), nought], "unseen");
      return add("Add", [add("GlobalMaxPool", [name], "maxima"), unseen], "seen");
    }
    case "cell-means": {
      const { rows, columns } = reduction;
      if (rows * columns === 1) return add("GlobalAveragePool", [name], "means");
      const [, height = 1, width = 1] = shape;
      const down = fixed("down", tensor("", [rows, height], cellShares(rows, height)));
      const across = fixed("across", tensor("", [width, columns], transpose(cellShares(columns, width), columns)));
      return add("MatMul", [down, add("MatMul", [name, across], "rows")], "cells");
    }
    default:
      return reduction satisfies never;
  }
}

/** [cells, extent]: what each place along an axis has in the mean of each cell. */
function cellShares(cells: number, extent: number): Float32Array {
  const shares = new Float32Array(cells * extent);
  for (let i = 0; i < cells; i++) {
    const [from, to] = cellRange(i, extent, cells);
    shares.fill(1 / (to - from), i * extent + from, i * extent + to);
  }
  return shares;
}

function transpose(values: Float32Array, rows: number): Float32Array {
  const columns = values.length / rows;
  return Float32Array.from(values, (_, at) => values[(at % rows) * columns + Math.floor(at / rows)]!);
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
