/**
 * @file The deep networks of figures 7 and 8 and their training on digits: built, trained to given steps, resumed from a
 * kept state with the same bits.
 */
import type { Stream } from "@linear-probes/core";
import {
  type Architecture,
  createOnnxEngine,
  deepMlp,
  type Engine,
  graphInputs,
  initialParameters,
  loadDigits,
  type Parameters,
  train,
  type TrainingState,
} from "@linear-probes/models";
import type { DatasetRecord } from "../run-record.ts";
import { Interrupted, type StopFlag } from "../stop-flag.ts";

export type NetworkSettings = {
  readonly depth: number;
  readonly width: number;
  /** A classifier of full weight on every so manieth layer; 0 for none. */
  readonly auxEvery: number;
  /** The layer that reads layer 0 besides the one before it; 0 for none. */
  readonly skipTo: number;
};

export interface DeepDigits {
  readonly record: DatasetRecord;
  readonly classes: number;
  readonly width: number; // numbers per image
  readonly inputs: Float32Array; // [images, width]
  readonly labels: Int32Array;
}

export interface DigitsSource {
  readonly stream: Stream;
  readonly dataDir: string | undefined;
  readonly log: (line: string) => void;
}

const loaded = new Map<string, Promise<DeepDigits>>();

/** The first training images. Loads once per thread; every task needs them. */
export function deepDigits(source: DigitsSource, images: number): Promise<DeepDigits> {
  const key = JSON.stringify([source.stream.path, source.dataDir, images]);
  const digits = loaded.get(key) ?? load(source, images);
  loaded.set(key, digits);
  return digits;
}

async function load({ stream, dataDir, log }: DigitsSource, images: number): Promise<DeepDigits> {
  const { name, sha256, synthetic, notice, inputShape, classes, ...parts } = await loadDigits({
    stream: stream.split("data"),
    rows: { train: images, test: 1000 },
    log,
    ...(dataDir !== undefined && { dataDir }),
  });
  const width = inputShape.reduce((product, extent) => product * extent, 1);
  const any = { depth: 1, width: 1, auxEvery: 0, skipTo: 0 };
  return {
    record: { name, sha256, synthetic, ...(notice !== undefined && { notice }) },
    classes,
    width,
    inputs: graphInputs(architectureOf(any, width, classes), parts.train.inputs, inputShape),
    labels: parts.train.labels,
  };
}

export function architectureOf(
  { depth, width, auxEvery, skipTo }: NetworkSettings,
  inputs: number,
  classes: number,
): Architecture {
  return deepMlp({ depth, width, inputs, classes, ...(auxEvery > 0 && { auxEvery }), ...(skipTo > 0 && { skipTo }) });
}

export interface TrainerOptions {
  readonly network: NetworkSettings;
  readonly digits: DeepDigits;
  readonly stream: Stream;
  readonly threads: number;
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

/** Trains one network from step to step. The engine is made on first use: most runs find all in the store. */
export function createTrainer(options: TrainerOptions): Trainer {
  const { digits, stream, stop, keepEvery } = options;
  const architecture = architectureOf(options.network, digits.width, digits.classes);
  const graph = architecture.build();
  const { batch, optimizer } = architecture.training;
  let engine: Engine | undefined;
  return {
    get step() {
      return engine?.read().step;
    },
    start(from) {
      engine ??= createOnnxEngine(graph, { batch, optimizer, threads: options.threads });
      engine.write(
        from ?? { step: 0, parameters: initialParameters(graph, stream.split("initial")), accumulators: [] },
      );
    },
    async advance(step) {
      if (engine === undefined) throw new Error("trainer: must be started");
      const from = engine.read();
      if (from.step === step) return from.parameters;
      const abort = new AbortController();
      const { status, reason } = await train(engine, graph, digits, architecture.training, {
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
      if (status !== "finished") throw new Error(`training a deep network: ${status}, ${reason}`);
      return state.parameters;
    },
    dispose: async () => engine?.dispose(),
  };
}
