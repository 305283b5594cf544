/**
 * @file Trains on onnxruntime. A batch is cut into a fixed number of shards; each runs, forward and backward, in a
 * one-thread session of a worker thread; the gradients are added in the order of the shards and each worker updates
 * its part of the parameters. Which worker runs which shard changes nothing, so the bits do not depend on `threads`.
 */
import { Worker } from "node:worker_threads";
import { reject } from "@linear-probes/core";
import { size } from "../graph.ts";
import type { LayerGraph } from "../graph.ts";
import { onnxModel } from "../graph-export.ts";
import { gather } from "../graph-parameters.ts";
import type { ParameterLayout, Parameters } from "../graph-parameters.ts";
import type { Batch, Engine, EngineOptions } from "./engine.ts";
import { addPenalty, createFlatState } from "./flat-state.ts";
import type { FlatState } from "./flat-state.ts";
import type { UpdateRange } from "./optimizer.ts";
import { gradientOf } from "./onnx/backward.ts";
import { createSession, tensorOver } from "./onnx/session.ts";
import type { Command, Reply, ShardPlan, View, WorkerPlan } from "./onnx/shard-plan.ts";
import { dropouts, lossOutput, maskOf, targetsInput, trainingModel } from "./onnx/training-model.ts";

/** Shards per batch: part of the definition of the result, unlike the number of threads. */
const shardCount = 2;

export interface OnnxEngineOptions extends EngineOptions {
  /** Shards per batch. They change the last bits of the result. Default 2. */
  readonly shards?: number;
}

export function createOnnxEngine(graph: LayerGraph, options: OnnxEngineOptions): Engine {
  const { batch, optimizer } = options;
  const shards = options.shards ?? shardCount;
  if (!(Number.isInteger(batch) && batch > 0 && batch % shards === 0))
    reject("onnx engine", `batch must be a positive multiple of ${shards}`, batch);
  const workers = Math.max(1, Math.min(options.threads ?? 1, shards));
  const state = createFlatState(graph, optimizer);
  const { layout } = state;
  const memory = allocate(graph, state, batch, shards);
  const model = trainingModel(graph, batch / shards, batch);
  const pool = Array.from({ length: workers }, (_, worker) =>
    startWorker({
      model,
      shards: memory.shards.filter((_, shard) => shard % workers === worker),
      ranges: rangesOf(layout, worker, workers),
      optimizer,
      theta: shared(state.theta),
      gradients: memory.gradients,
      accumulators: state.accumulators.map(shared),
      barrier: memory.barrier,
      workers,
    }),
  );
  const losses = new Float32Array(memory.losses);
  let sequence = 0;

  const command = async (given: Batch, update?: Command["update"]): Promise<number> => {
    load(graph, memory, batch, given);
    if (update !== undefined) sequence += 1;
    await Promise.all(pool.map((worker) => worker.ask({ sequence, ...(update ? { update } : {}) })));
    let loss = 0;
    for (let shard = 0; shard < shards; shard++) loss += losses[shard * 16] ?? Number.NaN;
    return loss;
  };

  return {
    name: "onnx",
    async step(given, learningRate) {
      state.step += 1;
      return command(given, { learningRate, step: state.step });
    },
    async gradients(given) {
      const loss = await command(given);
      const sum = new Float32Array(layout.length);
      for (const buffer of memory.gradients) {
        const part = new Float32Array(buffer);
        for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (part[i] ?? 0);
      }
      addPenalty(state, sum);
      return { loss, gradients: gather(layout, sum) };
    },
    read: () => state.read(),
    write: (given) => state.write(given),
    forward: (inputs, rows, layers) => forward(graph, gather(layout, state.theta), inputs, rows, layers),
    dispose: async () => void (await Promise.all(pool.map((worker) => worker.stop()))),
  };
}

interface Memory {
  readonly gradients: readonly SharedArrayBuffer[]; // one per shard
  readonly inputs: SharedArrayBuffer;
  readonly targets: SharedArrayBuffer;
  readonly masks: ReadonlyMap<string, SharedArrayBuffer>;
  readonly losses: SharedArrayBuffer; // shard s at 16·s: a cache line each
  readonly barrier: SharedArrayBuffer;
  readonly shards: readonly ShardPlan[];
}

function allocate(graph: LayerGraph, { layout, theta }: FlatState, batch: number, shards: number): Memory {
  const floats = (count: number): SharedArrayBuffer => new SharedArrayBuffer(count * 4);
  const inputs = floats(batch * size(graph.inputShape));
  const targets = floats(batch * graph.classes);
  const losses = floats(16 * shards);
  const masks = new Map(dropouts(graph).map((layer) => [layer, floats(batch * size(graph.shapeOf(layer)))] as const));
  const gradients = Array.from({ length: shards }, () => floats(layout.length));
  const rows = batch / shards;
  const rowsOf = (name: string, buffer: SharedArrayBuffer, shape: readonly number[], shard: number): View => ({
    name,
    buffer,
    start: shard * rows * size(shape),
    dims: [rows, ...shape],
  });
  const plan = (gradient: SharedArrayBuffer, shard: number): ShardPlan => ({
    inputs: [
      rowsOf(graph.input, inputs, graph.inputShape, shard),
      rowsOf(targetsInput, targets, [graph.classes], shard),
      ...[...masks].map(([layer, buffer]) => rowsOf(maskOf(layer), buffer, graph.shapeOf(layer), shard)),
      ...layout.segments.map(({ spec, start }) => ({
        name: spec.name,
        buffer: shared(theta),
        start,
        dims: spec.shape,
      })),
    ],
    outputs: [
      { name: lossOutput, buffer: losses, start: 16 * shard, dims: [] },
      ...layout.segments.map(({ spec, start }) => ({
        name: gradientOf(spec.name),
        buffer: gradient,
        start,
        dims: spec.shape,
      })),
    ],
  });
  return {
    gradients,
    inputs,
    targets,
    masks,
    losses,
    barrier: new SharedArrayBuffer(8),
    shards: gradients.map(plan),
  };
}

/** The shared memory under a whole vector. */
function shared(values: Float32Array): SharedArrayBuffer {
  if (!(values.buffer instanceof SharedArrayBuffer))
    throw new Error("onnx engine: the vector must be in shared memory");
  return values.buffer;
}

/** Copies a batch to where the shards read it. */
function load(graph: LayerGraph, memory: Memory, batch: number, { inputs, labels, masks }: Batch): void {
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

/** The worker's even share of the flat parameters, cut where the l2 coefficient may change. */
function rangesOf(layout: ParameterLayout, worker: number, workers: number): readonly UpdateRange[] {
  const cut = (part: number): number => Math.round((layout.length / 16) * (part / workers)) * 16;
  const [from, to] = [cut(worker), cut(worker + 1)];
  return layout.segments
    .map(({ spec, start, length }) => ({
      start: Math.max(start, from),
      end: Math.min(start + length, to),
      l2: spec.l2,
    }))
    .filter(({ start, end }) => start < end);
}

interface RunningWorker {
  ask(command: Command): Promise<void>;
  stop(): Promise<number>;
}

function startWorker(plan: WorkerPlan): RunningWorker {
  const worker = new Worker(new URL("./onnx/shard-worker.ts", import.meta.url), { workerData: plan });
  let settle: { resolve(value?: undefined): void; reject(cause: Error): void } | undefined;
  const fail = (cause: Error): void => settle?.reject(cause);
  worker.on("message", ({ error }: Reply) => {
    if (error === undefined) settle?.resolve();
    else fail(new Error(`onnx engine: ${error}`));
  });
  worker.on("error", fail);
  worker.on("exit", (code) => fail(new Error(`onnx engine: a worker ended, code ${code}`)));
  worker.unref();
  return {
    ask: (command) =>
      new Promise<undefined>((resolve, rejectPromise) => {
        settle = { resolve, reject: rejectPromise };
        worker.ref();
        worker.postMessage(command);
      }).then(
        () => worker.unref(),
        (cause: unknown) => {
          worker.unref();
          throw cause;
        },
      ),
    stop: () => worker.terminate(),
  };
}

async function forward(
  graph: LayerGraph,
  parameters: Parameters,
  inputs: Float32Array,
  rows: number,
  layers: readonly string[],
): Promise<Parameters> {
  const session = await createSession(onnxModel(graph, parameters, layers));
  try {
    const outputs = await session.run({ [graph.input]: tensorOver(inputs, [rows, ...graph.inputShape]) });
    return new Map(
      layers.map((layer) => {
        const data = outputs[layer]?.data;
        if (!(data instanceof Float32Array)) throw new Error(`onnx engine: no float32 values of ${layer}`);
        return [layer, data] as const;
      }),
    );
  } finally {
    await session.release();
  }
}
