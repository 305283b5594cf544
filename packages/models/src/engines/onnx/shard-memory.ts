/** @file The shared memory of a training engine: where batches come in, and where the shards read and write. */
import { reject } from "@linear-probes/core";
import { size } from "../../graph.ts";
import type { LayerGraph } from "../../graph.ts";
import type { Batch } from "../engine.ts";
import type { Segment } from "../../graph-parameters.ts";
import type { FlatState } from "../flat-state.ts";
import { gradientOf } from "./backward.ts";
import type { ShardPlan, View } from "./shard-plan.ts";
import { dropouts, lossOutput, maskOf, targetsInput } from "./training-model.ts";

export interface ShardMemory {
  readonly inputs: SharedArrayBuffer;
  readonly targets: SharedArrayBuffer;
  readonly masks: ReadonlyMap<string, SharedArrayBuffer>;
  readonly losses: SharedArrayBuffer; // shard s at 16·s: a cache line each
  readonly barrier: SharedArrayBuffer;
  readonly shards: readonly ShardPlan[];
}

export function allocateShards(
  graph: LayerGraph,
  { layout, theta }: FlatState,
  batch: number,
  gradients: readonly Float32Array[], // one per shard
): ShardMemory {
  const shards = gradients.length;
  const floats = (count: number): SharedArrayBuffer => new SharedArrayBuffer(count * 4);
  const inputs = floats(batch * size(graph.inputShape));
  const targets = floats(batch * graph.classes);
  const losses = floats(16 * shards);
  const masks = new Map(dropouts(graph).map((layer) => [layer, floats(batch * size(graph.shapeOf(layer)))] as const));
  const rows = batch / shards;
  const rowsOf = (name: string, buffer: SharedArrayBuffer, shape: readonly number[], shard: number): View => ({
    name,
    values: new Float32Array(buffer, 4 * shard * rows * size(shape), rows * size(shape)),
    dims: [rows, ...shape],
  });
  const part = (name: string, vector: Float32Array, { spec, start, length }: Segment): View => ({
    name,
    values: vector.subarray(start, start + length),
    dims: spec.shape,
  });
  const plan = (gradient: Float32Array, shard: number): ShardPlan => ({
    inputs: [
      rowsOf(graph.input, inputs, graph.inputShape, shard),
      rowsOf(targetsInput, targets, [graph.classes], shard),
      ...[...masks].map(([layer, buffer]) => rowsOf(maskOf(layer), buffer, graph.shapeOf(layer), shard)),
      ...layout.segments.map((segment) => part(segment.spec.name, theta, segment)),
    ],
    outputs: [
      { name: lossOutput, values: new Float32Array(losses, 64 * shard, 1), dims: [] },
      ...layout.segments.map((segment) => part(gradientOf(segment.spec.name), gradient, segment)),
    ],
  });
  return {
    inputs,
    targets,
    masks,
    losses,
    barrier: new SharedArrayBuffer(8),
    shards: gradients.map(plan),
  };
}

/** Copies a batch to where the shards read it. */
export function loadBatch(
  graph: LayerGraph,
  memory: ShardMemory,
  batch: number,
  { inputs, labels, masks }: Batch,
): void {
  const fill = (name: string, buffer: SharedArrayBuffer, values: Float32Array | undefined): void => {
    const target = new Float32Array(buffer);
    if (values?.length !== target.length)
      reject(`batch, ${name}`, `must have ${target.length} values`, values?.length ?? "none");
    target.set(values);
  };
  fill(graph.input, memory.inputs, inputs);
  for (const [layer, buffer] of memory.masks) fill(maskOf(layer), buffer, masks.get(layer));
  if (labels.length !== batch) reject("batch, labels", `must have ${batch} values`, labels.length);
  const targets = new Float32Array(memory.targets).fill(0);
  labels.forEach((label, row) => {
    if (!(label >= 0 && label < graph.classes))
      reject(`batch, label ${row}`, `must be 0 to ${graph.classes - 1}`, label);
    targets[row * graph.classes + label] = 1;
  });
}
