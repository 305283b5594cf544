/** @file Runs some shards of every batch on its own thread, then updates its part of the parameters. */
import { parentPort, workerData } from "node:worker_threads";
import { openTrainingKernels } from "@linear-probes/core";
import type { TrainingKernels } from "@linear-probes/core";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { update } from "../optimizer.ts";
import { runInPlace, withSequence } from "../../onnx/in-place.ts";
import { createTrainingSession, tensorOver } from "./session.ts";
import type { Command, Reply, ShardPlan, View, WorkerPlan } from "./shard-plan.ts";

type Feeds = Record<string, Tensor>;

const plan: WorkerPlan = workerData;
const port = parentPort;
if (port === null) throw new Error("shard worker: must run in a worker thread");

const barrier = new Int32Array(plan.barrier);
const bind = (views: readonly View[]): Feeds =>
  Object.fromEntries(views.map(({ name, values, dims }) => [name, tensorOver(values, dims)]));
const bound = plan.shards.map(({ inputs, outputs, pooled }: ShardPlan) => ({
  feeds: bind(inputs),
  places: bind(outputs),
  pooled,
}));

let opened: { readonly session: InferenceSession; readonly kernels: TrainingKernels } | undefined;

async function obey({ sequence, update: wanted }: Command): Promise<void> {
  opened ??= {
    session: await createTrainingSession(withSequence(plan.model)),
    kernels: await openTrainingKernels(plan.memory),
  };
  const { session, kernels } = opened;
  for (const { feeds, places, pooled } of bound) {
    await runInPlace(session, feeds, places);
    if (pooled) kernels.pooledConvolutionGradient(pooled);
  }
  if (wanted === undefined) return;
  waitForAll(sequence);
  for (const range of plan.ranges) update(plan.optimizer, plan, range, wanted.learningRate, wanted.step, kernels);
}

/** No parameter may move before every shard has read it, nor be updated before every gradient is there. */
function waitForAll(sequence: number): void {
  Atomics.add(barrier, 0, 1);
  Atomics.notify(barrier, 0);
  for (;;) {
    const arrived = Atomics.load(barrier, 0);
    if (Atomics.load(barrier, 1) !== 0) throw new Error("another worker failed");
    if (arrived >= sequence * plan.workers) return;
    Atomics.wait(barrier, 0, arrived);
  }
}

port.on("message", (command: Command) => {
  obey(command).then(
    () => port.postMessage({} satisfies Reply),
    (cause: unknown) => {
      Atomics.store(barrier, 1, 1);
      Atomics.add(barrier, 0, 1);
      Atomics.notify(barrier, 0);
      port.postMessage({ error: cause instanceof Error ? cause.message : String(cause) } satisfies Reply);
    },
  );
});
