/** @file The threads of a runtime: the calling one and its workers. `run` returns when all partitions are done. */
import { Worker } from "node:worker_threads";
import { createHands, type Hands } from "./hands.ts";
import { CONTROL, lowMemory, REASON, SPINS, type LowMemory } from "./job.ts";
import { OPERATIONS, type OperationName } from "./module.ts";
import type { Source } from "./sources.ts";
import type { CompiledModule, SharedMemory } from "./web-assembly.ts";

export interface WorkerSetup {
  readonly module: CompiledModule;
  readonly memory: SharedMemory;
  readonly thread: number;
}

export type WorkerMessage =
  | { readonly kind: "know"; readonly id: number; readonly source: Source }
  | { readonly kind: "forget"; readonly id: number };

export interface Crew {
  readonly threads: number;
  readonly hands: Hands;
  readonly low: LowMemory;
  /** Runs one operation over all partitions of the job. `alone` keeps it on this thread: same bits, no wake-up. */
  run(name: OperationName, alone: boolean): void;
  know(id: number, source: Source): void;
  forget(id: number): void;
  dispose(): Promise<void>;
}

const operationIndex = new Map<string, number>(OPERATIONS.map(({ name }, i) => [name, i]));

export async function createCrew(module: CompiledModule, memory: SharedMemory, threads: number): Promise<Crew> {
  const hands = createHands(module, memory, 0);
  hands.kernels.prepare();
  const low = lowMemory(memory);
  const { control } = low;
  const workers = await Promise.all(
    Array.from({ length: threads - 1 }, (_, i) => startWorker({ module, memory, thread: i + 1 })),
  );

  function waitForWorkers(): void {
    for (let spin = 0; spin < SPINS && Atomics.load(control, CONTROL.pending) > 0; spin++);
    for (let left = Atomics.load(control, CONTROL.pending); left > 0; left = Atomics.load(control, CONTROL.pending)) {
      Atomics.wait(control, CONTROL.pending, left);
    }
    if (Atomics.exchange(control, CONTROL.failed, 0) === 1) throw new Error(reasonIn(low));
  }

  const tell = (message: WorkerMessage): void => {
    for (const worker of workers) worker.postMessage(message);
  };

  return {
    threads,
    hands,
    low,
    run(name, alone) {
      const shared = !alone && workers.length > 0;
      control[CONTROL.operation] = operationIndex.get(name) ?? -1;
      Atomics.store(control, CONTROL.nextPart, 0);
      if (shared) {
        Atomics.store(control, CONTROL.pending, workers.length);
        Atomics.add(control, CONTROL.generation, 1);
        Atomics.notify(control, CONTROL.generation);
      }
      try {
        hands.work();
      } finally {
        if (shared) waitForWorkers();
      }
    },
    know(id, source) {
      hands.know(id, source);
      tell({ kind: "know", id, source });
    },
    forget(id) {
      hands.forget(id);
      tell({ kind: "forget", id });
    },
    async dispose() {
      Atomics.store(control, CONTROL.quit, 1);
      Atomics.add(control, CONTROL.generation, 1);
      Atomics.notify(control, CONTROL.generation);
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function reasonIn({ words, control }: LowMemory): string {
  const length = words[REASON / 4] ?? 0;
  return new TextDecoder().decode(new Uint8Array(control.buffer, REASON + 4, length).slice());
}

/** Resolves when the worker waits for work. It never keeps the process alive. */
function startWorker(setup: WorkerSetup): Promise<Worker> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: setup });
  return new Promise((resolve, fail) => {
    worker.once("error", fail);
    worker.once("message", () => {
      worker.off("error", fail);
      worker.unref();
      resolve(worker);
    });
  });
}
