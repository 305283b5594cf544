/** @file What a training engine does. Engines hold parameters; the loop, the data and all chance stay outside. */
import type { Parameters } from "../graph-parameters.ts";
import type { Optimizer } from "./optimizer.ts";

export interface EngineOptions {
  readonly batch: number; // rows per step
  readonly optimizer: Optimizer;
  /** Worker threads, where the engine has any. Results never depend on it. */
  readonly threads?: number;
}

export interface Batch {
  readonly inputs: Float32Array; // [batch, ...input shape]
  readonly labels: Int32Array; // [batch]
  /** Per dropout layer [batch, ...its shape]: 0, or 1/(1 - rate). */
  readonly masks: Parameters;
}

/** All that the next step depends on, besides its batch and learning rate. */
export interface TrainingState {
  readonly step: number; // steps done
  readonly parameters: Parameters;
  /** The optimiser's accumulators, outermost by accumulator: momentum has one, Adam two. */
  readonly accumulators: readonly Parameters[];
}

export interface Engine {
  readonly name: string; // = file name = CLI name
  /** One optimiser step. Returns Σ head weight · mean cross-entropy of the batch before it, nats, without the l2 term. */
  step(batch: Batch, learningRate: number): Promise<number>;
  /** The same loss and the gradient of the whole training loss, l2 included. Nothing moves. */
  gradients(batch: Batch): Promise<{ readonly loss: number; readonly gradients: Parameters }>;
  /** A copy. */
  read(): TrainingState;
  write(state: TrainingState): void;
  /** Values of the layers named for `rows` inputs, without dropout, each [rows, ...shape]. */
  forward(inputs: Float32Array, rows: number, layers: readonly string[]): Promise<Parameters>;
  dispose(): Promise<void>;
}
