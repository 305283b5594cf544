/** @file Two made-up rows for a trial run, when no data is given: enough to measure shapes, not to measure anything else. */
import { rootStream } from "@linear-probes/core";
import type { Stream } from "@linear-probes/core";
import type { TapGraph } from "./tap-graph.ts";
import type { Dimension } from "./value-type.ts";
import type { InputArray } from "./elements.ts";
import type { BatchPlan, InputPlan, InputRows, RowBlock } from "./inputs.ts";
import { product } from "./row-plan.ts";

const rows = 2;

/** Sizes for dimensions that the file leaves open, by symbol. */
export type OpenDimensions = Readonly<Record<string, number>>;

/** Two rows for every input. Open dimensions take the sizes given, else a usual one (recorded by the caller). */
export function sampleRows(graph: TapGraph, plan: BatchPlan, open: OpenDimensions = {}): RowBlock {
  const stream = rootStream("onnx-trial");
  const block: Record<string, InputRows> = {};
  for (const input of plan.inputs) {
    const dims = input.dims ?? [null];
    const sizes = dims.map((dim, i) => sizeOf(dim, i, dims, open));
    const shape = input.batchAxis === null ? sizes : sizes.toSpliced(input.batchAxis, 1);
    const count = product(shape) * (input.batchAxis === null ? 1 : rows);
    block[input.name] = { data: values(graph, input, stream.split(input.name), count), shape };
  }
  return block;
}

/** An image side for the last two of four axes, a sequence length else. */
function sizeOf(dim: Dimension, axis: number, dims: readonly Dimension[], open: OpenDimensions): number {
  if (typeof dim === "number") return dim;
  if (dim !== null && Object.hasOwn(open, dim)) return open[dim] ?? 1;
  if (dims.length < 4) return 8;
  const channelsLast = typeof dims.at(-1) === "number" && Number(dims.at(-1)) <= 4;
  if (axis === (channelsLast ? dims.length - 1 : 1)) return 3;
  return 224;
}

function values(graph: TapGraph, input: InputPlan, stream: Stream, count: number): InputArray {
  if (input.type.startsWith("float")) return Float32Array.from({ length: count }, () => stream.normal());
  if (/mask/i.test(input.name)) return new Int32Array(count).fill(1);
  if (/type|segment/i.test(input.name)) return new Int32Array(count);
  if (input.type === "uint8") return Uint8Array.from({ length: count }, () => stream.integer(256));
  const bound = Math.min(1000, vocabulary(graph, input.name));
  return Int32Array.from({ length: count }, () => stream.integer(bound));
}

/** Rows of the embedding table that the input indexes; 2 when none is found, for flags. */
function vocabulary(graph: TapGraph, name: string): number {
  for (const reader of graph.consumers.get(name) ?? []) {
    if (reader.opType === "Gather" && reader.inputs[1] === name) {
      const rowsOfTable = graph.initializers.get(reader.inputs[0] ?? "")?.[0];
      if (rowsOfTable !== undefined && rowsOfTable > 0) return rowsOfTable;
    }
    if (reader.opType === "Cast" && reader.outputs[0] !== undefined) return vocabulary(graph, reader.outputs[0]);
  }
  return 2;
}
