/** @file The threads that forward models run on, as seen from the thread that asks. Idle ones are kept for the next model. */
import { Worker } from "node:worker_threads";
import { reject } from "@linear-probes/core";
import { size } from "../graph.ts";
import type { ForwardPlan, ForwardReply, ForwardRequest } from "./forward-plan.ts";

export interface ForwardThread {
  /**
   * Copies the inputs of `rows` rows to a slot's place and runs the model; the values of each output, only lent. They lie
   * in `places`, shared arrays, where one is given.
   */
  run(
    slot: number,
    inputs: Float32Array,
    rows: number,
    places: readonly (Float32Array | undefined)[],
  ): Promise<ReadonlyMap<string, Float32Array>>;
  /** Closes the model. Every run must have settled: a thread that is stopped in a run takes the whole process down. */
  close(): Promise<void>;
}

/** Of this thread, without a model, and not in the way of the process's end. */
const idle: Worker[] = [];

export function openForwardThread(plan: ForwardPlan): ForwardThread {
  const worker = idle.pop() ?? startWorker();
  const runs = new Map<number, PromiseWithResolvers<void>>();
  const closed = Promise.withResolvers<void>();
  closed.promise.catch(() => {}); // also told to every run
  const onMessage = (reply: ForwardReply): void => {
    if (reply.kind === "closed") closed.resolve();
    else if (reply.error === undefined) runs.get(reply.slot)?.resolve();
    else runs.get(reply.slot)?.reject(new Error(`activations: ${reply.error}`));
  };
  const onError = (cause: Error): void => {
    for (const run of runs.values()) run.reject(cause);
    closed.reject(cause);
  };
  const onExit = (code: number): void => onError(new Error(`activations: a worker ended, code ${code}`));
  const ask = (request: ForwardRequest): void => worker.postMessage(request);
  worker.on("message", onMessage).on("error", onError).on("exit", onExit);
  worker.ref();
  ask({ kind: "open", plan });
  return {
    async run(slot, inputs, rows, places) {
      const buffers = plan.slots[slot];
      if (buffers === undefined) throw new Error(`activations: no slot ${slot}`);
      const width = size(plan.input.shape);
      if (inputs.length !== rows * width)
        reject("activations", `inputs must be ${rows} rows of ${width}`, inputs.length);
      new Float32Array(buffers.input).set(inputs);
      const settled = Promise.withResolvers<void>();
      runs.set(slot, settled);
      ask({ kind: "run", slot, rows, places });
      await settled.promise;
      return new Map(
        plan.outputs.map(({ name, shape }, i) => {
          const whole = buffers.outputs[i] ?? new SharedArrayBuffer(0);
          return [name, places[i] ?? new Float32Array(whole, 0, rows * size(shape))] as const;
        }),
      );
    },
    async close() {
      ask({ kind: "close" });
      const whole = await closed.promise.then(
        () => true,
        () => false,
      );
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      if (!whole) return;
      worker.unref();
      idle.push(worker);
    },
  };
}

function startWorker(): Worker {
  const worker = new Worker(new URL("./forward-worker.ts", import.meta.url));
  worker.once("exit", () => {
    const at = idle.indexOf(worker);
    if (at >= 0) idle.splice(at, 1);
  });
  return worker;
}
