/** @file A shard worker as seen from the main thread. */
import { Worker } from "node:worker_threads";
import type { Command, Reply, WorkerPlan } from "./shard-plan.ts";

export interface ShardWorker {
  ask(command: Command): Promise<void>;
  stop(): Promise<number>;
}

export function startShardWorker(plan: WorkerPlan): ShardWorker {
  const worker = new Worker(new URL("./shard-worker.ts", import.meta.url), { workerData: plan });
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
        worker.ref(); // keeps the process alive only while there is work
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
