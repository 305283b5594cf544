/**
 * @file Runs forward models on its own thread, one after another, from shared buffers into shared buffers. Starting a
 * thread takes a third of a second, a thousand times what closing a model and opening the next does.
 */
import { parentPort } from "node:worker_threads";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { createSession, tensorOver } from "../engines/onnx/session.ts";
import { size } from "../graph.ts";
import { runInPlace, withSequence } from "../onnx/in-place.ts";
import type { ForwardPlan, ForwardReply, ForwardRequest } from "./forward-plan.ts";

const port = parentPort;
if (port === null) throw new Error("forward worker: must run in a worker thread");
const reply = (message: ForwardReply): void => port.postMessage(message);

interface Opened {
  readonly plan: ForwardPlan;
  readonly session: Promise<InferenceSession>;
}

let opened: Opened | undefined;

async function run({ slot, rows, places }: Extract<ForwardRequest, { kind: "run" }>): Promise<void> {
  if (opened === undefined) throw new Error("no model is open");
  const { plan, session } = opened;
  const buffers = plan.slots[slot];
  const view = (buffer: SharedArrayBuffer | undefined, shape: readonly number[]): Float32Array =>
    new Float32Array(buffer ?? new SharedArrayBuffer(0), 0, rows * size(shape));
  const tensor = (values: Float32Array, shape: readonly number[]): Tensor => tensorOver(values, [rows, ...shape]);
  const feeds = { [plan.input.name]: tensor(view(buffers?.input, plan.input.shape), plan.input.shape) };
  const outputs = plan.outputs.map(
    ({ name, shape }, i) => [name, tensor(places[i] ?? view(buffers?.outputs[i], shape), shape)] as const,
  );
  await runInPlace(await session, feeds, Object.fromEntries(outputs));
}

async function close(): Promise<void> {
  const last = opened;
  opened = undefined;
  // A model that could not be opened has said so to whoever ran it.
  await last?.session.then(
    (session) => session.release(),
    () => undefined,
  );
}

port.on("message", (request: ForwardRequest) => {
  switch (request.kind) {
    case "open":
      opened = { plan: request.plan, session: createSession(withSequence(request.plan.model)) };
      opened.session.catch(() => {}); // looked at by each run
      return;
    case "run":
      run(request).then(
        () => reply({ kind: "ran", slot: request.slot }),
        (cause: unknown) => {
          const error = cause instanceof Error ? cause.message : String(cause);
          reply({ kind: "ran", slot: request.slot, error });
        },
      );
      return;
    case "close":
      void close().finally(() => reply({ kind: "closed" }));
  }
});
