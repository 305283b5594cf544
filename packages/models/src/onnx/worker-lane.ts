/** @file A lane on a thread of its own. Reduced values come back through memory that both threads see. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { InputError, rootStream } from "@linear-probes/core";
import { batchOf } from "./batch-size.ts";
import type { BatchPlan, RowBlock } from "./inputs.ts";
import type { Lane, LaneOptions } from "./lane.ts";
import { sourceOf } from "../foreign-model.ts";
import type { ForeignModel, ModelSource } from "../foreign-model.ts";
import { createReducer } from "./reducers.ts";
import type { MeasuredTap } from "./tapped-session.ts";

export interface LaneSetup {
  readonly source: ModelSource;
  readonly name: string;
  /** The file must still be the one that was tried. */
  readonly fingerprint: string;
  readonly plan: BatchPlan;
  readonly taps: readonly MeasuredTap[];
  readonly options: LaneOptions;
  readonly outputs: readonly Float32Array[];
}

export interface LaneTask {
  readonly block: RowBlock;
  readonly rows: number;
}

/** `error` is the message of what went wrong; `input` says whether the user's input is to blame. */
export type LaneReply = { readonly ok: true } | { readonly ok: false; readonly error: string; readonly input: boolean };

/** Opens the model again on a new thread. Ready when its session is. */
export async function openWorkerLane(
  model: ForeignModel,
  plan: BatchPlan,
  taps: readonly MeasuredTap[],
  options: LaneOptions,
): Promise<Lane> {
  const stream = rootStream(options.stream);
  const reducers = taps.map((tap) => createReducer(options.reducer ?? "none", tap, stream));
  const batch = batchOf(plan, taps, reducers, options.batch);
  const cols = reducers.map((reducer) => reducer.cols);
  const outputs = cols.map((count) => new Float32Array(new SharedArrayBuffer(4 * batch * count)));
  const setup: LaneSetup = {
    source: sourceOf(model),
    name: model.name,
    fingerprint: model.fingerprint,
    plan,
    taps,
    options,
    outputs,
  };
  const worker = new Worker(new URL("./lane-worker.ts", import.meta.url), { workerData: setup });
  const ended = new Promise<never>((_, fail) => {
    worker.once("exit", (code) => fail(new Error(`${model.name}: a worker thread ended with code ${code}`)));
  });
  ended.catch(() => undefined); // its end is an error only while a reply is awaited
  const reply = async (): Promise<void> => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- lane-worker.ts sends nothing else
    const [message] = (await Promise.race([once(worker, "message"), ended])) as [LaneReply];
    if (!message.ok) throw message.input ? new InputError(message.error) : new Error(message.error);
  };
  try {
    await reply();
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return {
    taps,
    cols,
    batch,
    optimization: options.optimization ?? "all",
    device: options.device ?? "cpu",
    async run(block, rows) {
      const done = reply();
      worker.postMessage({ block, rows } satisfies LaneTask);
      await done;
      return outputs.map((values, i) => values.subarray(0, rows * (cols[i] ?? 0)));
    },
    async release() {
      await worker.terminate();
    },
  };
}
