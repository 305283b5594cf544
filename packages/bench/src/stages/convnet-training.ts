/** @file Trains the convnet of figure 5, keeping a checkpoint every so often, so that a killed run goes on from there. */
import type { Stream } from "@linear-probes/core";
import {
  createOnnxEngine,
  initialParameters,
  type LayerGraph,
  mnistConvnet,
  type Parameters,
  train,
  type TrainingState,
} from "@linear-probes/models";
import type { StopFlag } from "../stop-flag.ts";
import { Interrupted } from "../stop-flag.ts";
import type { Digits } from "./convnet-data.ts";

export const convnetGraph: LayerGraph = mnistConvnet.build();

/** The network before its first step. */
export function untrainedState(stream: Stream): TrainingState {
  const parameters = initialParameters(convnetGraph, stream.split("initial"));
  const zeros = new Map([...parameters].map(([name, values]) => [name, new Float32Array(values.length)]));
  return { step: 0, parameters, accumulators: [zeros] };
}

export interface TrainConvnetOptions {
  readonly stream: Stream;
  readonly digits: Digits;
  readonly heldOut: number; // rows at the start that are not trained on
  readonly steps: number;
  readonly from: TrainingState;
  readonly threads: number;
  readonly stop: StopFlag;
  readonly keepEvery: number; // steps
  readonly keep: (state: TrainingState) => void;
  readonly filmSteps: readonly number[]; // steps after which `film` sees the network
  readonly film: (step: number, parameters: Parameters) => void;
  readonly onProgress: (step: number, loss: number) => void;
}

/** The state after all steps; the same bits wherever `from` lies on the way. */
export async function trainConvnet(options: TrainConvnetOptions): Promise<TrainingState> {
  const { digits, heldOut, steps, from, stop, keep, keepEvery, film } = options;
  const { batch, optimizer } = mnistConvnet.training;
  const engine = createOnnxEngine(convnetGraph, { batch, optimizer, threads: options.threads });
  const abort = new AbortController();
  const kept = new Set(Array.from({ length: Math.floor(steps / keepEvery) }, (_, i) => (i + 1) * keepEvery));
  const filmed = new Set(options.filmSteps);
  try {
    const rows = digits.labels.train.length;
    const result = await train(
      engine,
      convnetGraph,
      {
        inputs: digits.inputs.subarray(heldOut * digits.width, rows * digits.width),
        labels: digits.labels.train.subarray(heldOut),
      },
      mnistConvnet.training,
      {
        stream: options.stream.split("training"),
        steps,
        resumeFrom: from,
        checkpoints: [...kept, ...filmed],
        onCheckpoint(state) {
          if (filmed.has(state.step)) film(state.step, state.parameters);
          if (kept.has(state.step)) keep(state);
        },
        signal: abort.signal,
        onProgress(step, _, loss) {
          options.onProgress(step, loss);
          if (stop.requested()) abort.abort();
        },
      },
    );
    const state = engine.read();
    if (result.status === "interrupted") {
      keep(state);
      throw new Interrupted();
    }
    if (result.status !== "finished") throw new Error(`training the convnet: ${result.status}, ${result.reason}`);
    return state;
  } finally {
    await engine.dispose();
  }
}

export type { Parameters };
