/** @file The shared memory of a training engine: where batches come in, and where the shards read and write. */
import {
  createSharedVectors,
  type PooledConvolution,
  pooledConvolutionScratch,
  reject,
  type SharedVectors,
} from "@linear-probes/core";
import { size } from "../../graph.ts";
import type { LayerGraph } from "../../graph.ts";
import type { Batch } from "../engine.ts";
import type { ParameterLayout, Segment } from "../../graph-parameters.ts";
import { gradientOf } from "./backward.ts";
import { handedOut, pooledInput, trainedInModel, type PooledInput } from "./pooled-input.ts";
import type { ShardPlan, View } from "./shard-plan.ts";
import { dropouts, lossOutput, maskOf, targetsInput } from "./training-model.ts";

export interface ShardMemory {
  /** Of the vectors that follow, and of what the shards hand to the training kernels. */
  readonly memory: SharedVectors["memory"];
  readonly state: readonly Float32Array[]; // θ and accumulators
  readonly gradients: readonly Float32Array[]; // one per shard
  readonly inputs: Float32Array;
  readonly targets: SharedArrayBuffer;
  readonly masks: ReadonlyMap<string, SharedArrayBuffer>;
  readonly losses: SharedArrayBuffer; // shard s at 16·s: a cache line each
  readonly barrier: SharedArrayBuffer;
  readonly shards: readonly ShardPlan[];
}

export interface ShardSizes {
  readonly batch: number;
  readonly shards: number;
  readonly stateVectors: number;
}

export function allocateShards(
  graph: LayerGraph,
  layout: ParameterLayout,
  { batch, shards, stateVectors }: ShardSizes,
): ShardMemory {
  const rows = batch / shards;
  const first = pooledInput(graph);
  const handed = handedOut(graph, rows);
  const ownLengths = first ? [...handed.map(({ shape }) => size(shape)), pooledConvolutionScratch(first)] : [];
  const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
  const { memory, vectors } = createSharedVectors([
    ...times(stateVectors + shards, () => layout.length),
    batch * size(graph.inputShape),
    ...times(shards, () => ownLengths).flat(),
  ]);
  const [state, gradients] = [vectors.slice(0, stateVectors), vectors.slice(stateVectors, stateVectors + shards)];
  const [inputs, ...own] = vectors.slice(stateVectors + shards);
  const [theta] = state;
  if (theta === undefined || inputs === undefined) throw new Error("unreachable: no vectors");

  const floats = (count: number): SharedArrayBuffer => new SharedArrayBuffer(count * 4);
  const targets = floats(batch * graph.classes);
  const losses = floats(16 * shards);
  const masks = new Map(dropouts(graph).map((layer) => [layer, floats(batch * size(graph.shapeOf(layer)))] as const));
  const rowsOf = (name: string, all: Float32Array, shape: readonly number[], shard: number): View => ({
    name,
    values: all.subarray(shard * rows * size(shape), (shard + 1) * rows * size(shape)),
    dims: [rows, ...shape],
  });
  const part = (name: string, vector: Float32Array, { spec, start, length }: Segment): View => ({
    name,
    values: vector.subarray(start, start + length),
    dims: spec.shape,
  });
  const inModel = new Set(trainedInModel(graph));
  const plan = (gradient: Float32Array, shard: number): ShardPlan => {
    const images = rowsOf(graph.input, inputs, graph.inputShape, shard);
    const mine = own.slice(shard * ownLengths.length, (shard + 1) * ownLengths.length);
    const parts = layout.segments.map((segment) => ({
      segment,
      view: part(gradientOf(segment.spec.name), gradient, segment),
    }));
    const gradientBy = (parameter: string) => parts.find(({ segment }) => segment.spec.name === parameter)?.view.values;
    return {
      inputs: [
        images,
        rowsOf(targetsInput, new Float32Array(targets), [graph.classes], shard),
        ...[...masks].map(([layer, all]) => rowsOf(maskOf(layer), new Float32Array(all), graph.shapeOf(layer), shard)),
        ...layout.segments.map((segment) => part(segment.spec.name, theta, segment)),
      ],
      outputs: [
        { name: lossOutput, values: new Float32Array(losses, 64 * shard, 1), dims: [] },
        ...parts.filter(({ segment }) => inModel.has(segment.spec)).map(({ view }) => view),
        ...handed.map(({ name, shape }, i) => ({ name, values: mine[i]!, dims: shape })),
      ],
      pooled: first && pooledConvolution(first, images.values, mine, gradientBy),
    };
  };
  return {
    memory,
    state,
    gradients,
    inputs,
    targets,
    masks,
    losses,
    barrier: new SharedArrayBuffer(8),
    shards: gradients.map(plan),
  };
}

/** `mine`: a shard's vectors, as `handedOut` names them, and the scratch. */
function pooledConvolution(
  { convolution, height, width }: PooledInput,
  images: Float32Array,
  mine: readonly Float32Array[],
  gradientBy: (parameter: string) => Float32Array | undefined,
): PooledConvolution {
  const [values, pooled, gradient, scratch] = mine;
  const [weights, bias] = [gradientBy(`${convolution}/weights`), gradientBy(`${convolution}/bias`)];
  if (!(values && pooled && gradient && scratch && weights && bias))
    throw new Error("unreachable: vectors are missing");
  return { height, width, images, values, pooled, gradient, weights, bias, scratch };
}

/** Copies a batch to where the shards read it. */
export function loadBatch(
  graph: LayerGraph,
  memory: ShardMemory,
  batch: number,
  { inputs, labels, masks }: Batch,
): void {
  const fill = (name: string, target: Float32Array, values: Float32Array | undefined): void => {
    if (values?.length !== target.length)
      reject(`batch, ${name}`, `must have ${target.length} values`, values?.length ?? "none");
    target.set(values);
  };
  fill(graph.input, memory.inputs, inputs);
  for (const [layer, all] of memory.masks) fill(maskOf(layer), new Float32Array(all), masks.get(layer));
  if (labels.length !== batch) reject("batch, labels", `must have ${batch} values`, labels.length);
  const targets = new Float32Array(memory.targets).fill(0);
  labels.forEach((label, row) => {
    if (!(label >= 0 && label < graph.classes))
      reject(`batch, label ${row}`, `must be 0 to ${graph.classes - 1}`, label);
    targets[row * graph.classes + label] = 1;
  });
}
