/** @file Runs a forward model on its own thread, from shared buffers into shared buffers. */
import { parentPort, workerData } from "node:worker_threads";
import type { Tensor } from "onnxruntime-node";
import { createSession, tensorOver } from "../engines/onnx/session.ts";
import { runInPlace, withSequence } from "../onnx/in-place.ts";
import type { ForwardPlan, ForwardReply, ForwardTask } from "./forward-plan.ts";

const plan: ForwardPlan = workerData;
const port = parentPort;
if (port === null) throw new Error("forward worker: must run in a worker thread");

const session = createSession(withSequence(plan.model));

async function run({ slot, rows }: ForwardTask): Promise<void> {
  const buffers = plan.slots[slot];
  const view = (buffer: SharedArrayBuffer | undefined, shape: readonly number[]): Tensor => {
    const length = shape.reduce((product, extent) => product * extent, rows);
    return tensorOver(new Float32Array(buffer ?? new SharedArrayBuffer(0), 0, length), [rows, ...shape]);
  };
  const feeds = { [plan.input.name]: view(buffers?.input, plan.input.shape) };
  const places = Object.fromEntries(plan.outputs.map(({ name, shape }, i) => [name, view(buffers?.outputs[i], shape)]));
  await runInPlace(await session, feeds, places);
}

port.on("message", (task: ForwardTask) => {
  run(task).then(
    () => port.postMessage({ slot: task.slot } satisfies ForwardReply),
    (cause: unknown) => {
      const error = cause instanceof Error ? cause.message : String(cause);
      port.postMessage({ slot: task.slot, error } satisfies ForwardReply);
    },
  );
});
