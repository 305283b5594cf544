/** @file Trains a network from step to step; resumed from a kept state it ends with the same bits. */
import type { Stream } from "@linear-probes/core";
import {
  type Architecture,
  createOnnxEngine,
  type Engine,
  type Examples,
  initialParameters,
  type Parameters,
  train,
  type TrainingState,
} from "@linear-probes/models";
import { Interrupted, type StopFlag } from "../stop-flag.ts";

export interface TrainerOptions {
  readonly architecture: Architecture;
  readonly examples: Examples;
  readonly stream: Stream;
  readonly threads: number;
  /** Parts that a batch is cut into, each on one thread (models' onnx.ts); default: the engine's. */
  readonly shards?: number;
  readonly stop: StopFlag;
  readonly log: (line: string) => void;
  readonly keepEvery: number; // steps
  readonly keep: (state: TrainingState) => void;
}

export interface Trainer {
  /** Steps behind the network; undefined until it is started. */
  readonly step: number | undefined;
  start(from: TrainingState | undefined): void;
  /** Parameters after `step` steps. */
  advance(step: number): Promise<Parameters>;
  dispose(): Promise<void>;
}

/** The engine is made on first use: most runs find all in the store. */
export function createTrainer(options: TrainerOptions): Trainer {
  const { architecture, examples, stream, stop, keepEvery } = options;
  const graph = architecture.build();
  const { batch, optimizer } = architecture.training;
  let engine: Engine | undefined;
  return {
    get step() {
      return engine?.read().step;
    },
    start(from) {
      const { threads, shards } = options;
      engine ??= createOnnxEngine(graph, { batch, optimizer, threads, ...(shards !== undefined && { shards }) });
      engine.write(
        from ?? { step: 0, parameters: initialParameters(graph, stream.split("initial")), accumulators: [] },
      );
    },
    async advance(step) {
      if (engine === undefined) throw new Error("trainer: must be started");
      const from = engine.read();
      if (from.step === step) return from.parameters;
      const abort = new AbortController();
      const { status, reason } = await train(engine, graph, examples, architecture.training, {
        stream: stream.split("training"),
        steps: step,
        resumeFrom: from,
        checkpoints: Array.from({ length: Math.floor(step / keepEvery) }, (_, i) => (i + 1) * keepEvery),
        onCheckpoint: options.keep,
        signal: abort.signal,
        onProgress(done, of, loss) {
          if (done % 100 === 0) options.log(`training, step ${done}/${of}, loss ${loss.toFixed(3)}`);
          if (stop.requested()) abort.abort();
        },
      });
      const state = engine.read();
      if (status === "interrupted") {
        options.keep(state);
        throw new Interrupted();
      }
      // A network that diverged is what it is; its probes would not be.
      if (status !== "finished") throw new Error(`training ${architecture.name}: ${status}, ${reason}`);
      return state.parameters;
    },
    dispose: async () => engine?.dispose(),
  };
}
