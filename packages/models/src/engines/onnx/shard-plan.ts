/** @file What the main thread and the shard workers share: the plan of the buffers, and the messages. */
import type { PooledConvolution, SharedVectors } from "@linear-probes/core";
import type { Optimizer, UpdateRange } from "../optimizer.ts";

/** A named part of a shared vector. */
export interface View {
  readonly name: string; // of the model's input or output
  readonly values: Float32Array;
  readonly dims: readonly number[];
}

export interface ShardPlan {
  /** What the shard's session reads and writes. The loss is the first output. */
  readonly inputs: readonly View[];
  readonly outputs: readonly View[];
  /** What is made of the outputs afterwards (pooled-input.ts). */
  readonly pooled: PooledConvolution | undefined;
}

export interface WorkerPlan {
  readonly model: Uint8Array;
  /** The shards of this worker. */
  readonly shards: readonly ShardPlan[];
  /** The ranges of parameters that this worker updates. */
  readonly ranges: readonly UpdateRange[];
  readonly optimizer: Optimizer;
  /** Of the vectors that follow. */
  readonly memory: SharedVectors["memory"];
  readonly theta: Float32Array;
  readonly gradients: readonly Float32Array[]; // one per shard of all workers, in order
  readonly accumulators: readonly Float32Array[];
  /** Int32: [arrivals at the barrier so far, 1 when a worker failed]. */
  readonly barrier: SharedArrayBuffer;
  readonly workers: number;
}

export interface Command {
  /** Counts commands from 1, for the barrier. */
  readonly sequence: number;
  /** Absent: gradients only. */
  readonly update?: { readonly learningRate: number; readonly step: number };
}

/** Empty when all went well. */
export interface Reply {
  readonly error?: string;
}
