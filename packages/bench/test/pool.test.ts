import { InputError } from "@linear-probes/core";
import { expect, it } from "vitest";
import { runTasks } from "../src/pool.ts";
import { Interrupted, stopFlag } from "../src/stop-flag.ts";
import type { SquaringData } from "./fixtures/squaring-worker.ts";

function squares(
  workers: number,
  extra: Omit<SquaringData, "stop"> = {},
  after: (task: number) => readonly number[] = () => [],
) {
  const stop = stopFlag();
  const done: number[] = [];
  const workerData: SquaringData = { stop: stop.buffer, ...extra };
  const results = runTasks<number>({
    tasks: 7,
    after,
    workers,
    module: new URL("./fixtures/squaring-worker.ts", import.meta.url),
    workerData,
    stop,
    log: () => stop.request(),
    onDone: (task) => done.push(task),
  });
  return { results, done };
}

it("gives results in task order, whatever the number of workers", async () => {
  for (const workers of [1, 2, 3]) expect(await squares(workers).results).toEqual([0, 1, 4, 9, 16, 25, 36]);
});

it("reports the first failure as what it was, and starts nothing after it", async () => {
  const { results, done } = squares(1, { failAt: 2 });
  await expect(results).rejects.toThrow(new InputError("task: must not be unlucky, got 2"));
  expect(done).toEqual([0, 1]);
});

it("starts a task when those it waits for are done", async () => {
  const chain = (task: number): number[] => (task === 0 ? [] : [task - 1]);
  const { results, done } = squares(3, {}, chain);
  expect(await results).toEqual([0, 1, 4, 9, 16, 25, 36]);
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 6]);
  const failing = squares(3, { failAt: 2 }, chain);
  await expect(failing.results).rejects.toThrow("must not be unlucky");
  expect(failing.done).toEqual([0, 1]);
});

it("fails when a worker dies", async () => {
  await expect(squares(2, { crashAt: 3 }).results).rejects.toThrow("a worker ended with status 3");
});

it("stops after the running task when asked to", async () => {
  const { results, done } = squares(1, { waitForStopAt: 2 });
  await expect(results).rejects.toThrow(Interrupted);
  expect(done).toEqual([0, 1]);
});
