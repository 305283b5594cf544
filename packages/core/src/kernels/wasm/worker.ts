/** @file A worker thread: waits for the generation to change, works, says when it is done. Started by crew.ts. */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { createHands } from "./hands.ts";
import { CONTROL, lowMemory, REASON, REASON_BYTES, SPINS } from "./job.ts";
import type { WorkerMessage, WorkerSetup } from "./crew.ts";

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what crew.ts gives each worker
const { module, memory, thread } = workerData as WorkerSetup;
const port = parentPort;
if (port === null) throw new Error("kernels/wasm/worker.ts must be started as a worker thread");
const { control, words } = lowMemory(memory);
const hands = createHands(module, memory, thread);

function drainMessages(): void {
  if (port === null) return;
  for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port)) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what crew.ts posts
    const message = got.message as WorkerMessage;
    if (message.kind === "know") hands.know(message.id, message.source);
    else hands.forget(message.id);
  }
}

function report(cause: unknown): void {
  const text = new TextEncoder().encode(cause instanceof Error ? cause.message : String(cause));
  const bytes = new Uint8Array(memory.buffer, REASON + 4, REASON_BYTES);
  bytes.set(text.subarray(0, REASON_BYTES));
  words[REASON / 4] = Math.min(text.length, REASON_BYTES);
  Atomics.store(control, CONTROL.failed, 1);
}

let seen = Atomics.load(control, CONTROL.generation);
port.postMessage("ready");
for (;;) {
  for (let spin = 0; spin < SPINS && Atomics.load(control, CONTROL.generation) === seen; spin++);
  while (Atomics.load(control, CONTROL.generation) === seen) Atomics.wait(control, CONTROL.generation, seen);
  seen = Atomics.load(control, CONTROL.generation);
  if (Atomics.load(control, CONTROL.quit) === 1) break;
  try {
    drainMessages();
    hands.work();
  } catch (cause) {
    report(cause);
  }
  if (Atomics.sub(control, CONTROL.pending, 1) === 1) Atomics.notify(control, CONTROL.pending);
}
