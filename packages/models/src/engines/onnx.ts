/**
 * @file Trains on onnxruntime. A batch is cut into a fixed number of shards; each runs, forward and backward, in a
 * one-thread session of a worker thread; the gradients are added in the order of the shards and each worker updates
 * its part of the parameters. Which worker runs which shard changes nothing, so the bits do not depend on `threads`.
 */
import { reject } from "@linear-probes/core";
import type { LayerGraph } from "../graph.ts";
import { onnxModel } from "../graph-export.ts";
import { gather, parameterLayout } from "../graph-parameters.ts";
import type { ParameterLayout, Parameters } from "../graph-parameters.ts";
import type { Batch, Engine, EngineOptions } from "./engine.ts";
import { addPenalty, createFlatState, vectorCount } from "./flat-state.ts";
import type { UpdateRange } from "./optimizer.ts";
import { createSession, tensorOver } from "./onnx/session.ts";
import { allocateShards, loadBatch } from "./onnx/shard-memory.ts";
import { startShardWorker } from "./onnx/start-shard-worker.ts";
import { trainingModel } from "./onnx/training-model.ts";

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
  const layout = parameterLayout(graph);
  const places = allocateShards(graph, layout, { batch, shards, stateVectors: vectorCount(optimizer) });
  const { gradients } = places;
  const state = createFlatState(graph, optimizer, layout, places.state);
  const model = trainingModel(graph, batch / shards, batch);
  const pool = Array.from({ length: workers }, (_, worker) =>
    startShardWorker({
      model,
      shards: places.shards.filter((_, shard) => shard % workers === worker),
      ranges: rangesOf(layout, worker, workers),
      optimizer,
      memory: places.memory,
      theta: state.theta,
      gradients,
      accumulators: state.accumulators,
      barrier: places.barrier,
      workers,
    }),
  );
  const losses = new Float32Array(places.losses);
  let sequence = 0; // of updates, for the barrier
  let busy = false;

  const run = async (given: Batch, learningRate?: number): Promise<number> => {
    if (busy) throw new Error("onnx engine: one step at a time");
    loadBatch(graph, places, batch, given);
    busy = true;
    try {
      if (learningRate === undefined) {
        await Promise.all(pool.map((worker) => worker.ask({ sequence })));
      } else {
        sequence += 1;
        state.step += 1;
        const update = { learningRate, step: state.step };
        await Promise.all(pool.map((worker) => worker.ask({ sequence, update })));
      }
    } finally {
      busy = false;
    }
    let loss = 0;
    for (let shard = 0; shard < shards; shard++) loss += losses[shard * 16] ?? Number.NaN;
    return loss;
  };

  return {
    name: "onnx",
    step: run,
    async gradients(given) {
      const loss = await run(given);
      const sum = new Float32Array(layout.length);
      for (const part of gradients) for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + part[i]!;
      addPenalty(state, sum);
      return { loss, gradients: gather(layout, sum) };
    },
    read: () => state.read(),
    write: (given) => state.write(given),
    forward: (inputs, rows, layers) => forward(graph, gather(layout, state.theta), inputs, rows, layers),
    dispose: async () => void (await Promise.all(pool.map((worker) => worker.stop()))),
  };
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
