/** @file The thread of worker-lane.ts: opens its own session, then answers each task. */
import { parentPort, workerData } from "node:worker_threads";
import { InputError, reject } from "@linear-probes/core";
import { openLane } from "./lane.ts";
import type { Lane } from "./lane.ts";
import { readForeignModel } from "../foreign-model.ts";
import type { LaneReply, LaneSetup, LaneTask } from "./worker-lane.ts";

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- worker-lane.ts is the only one to start this file
const { source, name, fingerprint, plan, taps, options, outputs } = workerData as LaneSetup;
const opening = open();

async function open(): Promise<Lane> {
  const model = await readForeignModel(source, name);
  if (model.fingerprint !== fingerprint)
    reject(`${name}: file`, "must not change while it is in use", model.fingerprint);
  return openLane(model, plan, taps, options);
}

async function answer(work: () => Promise<void>): Promise<void> {
  let reply: LaneReply = { ok: true };
  try {
    await work();
  } catch (error) {
    reply = {
      ok: false,
      error: error instanceof Error ? error.message : String(error),
      input: error instanceof InputError,
    };
  }
  parentPort?.postMessage(reply);
}

parentPort?.on("message", (task: LaneTask) => {
  void answer(async () => {
    const lane = await opening;
    for (const [i, values] of (await lane.run(task.block, task.rows)).entries()) outputs[i]?.set(values);
  });
});
await answer(async () => {
  await opening;
});
