/**
 * @file A pool of worker threads. Each worker that is free takes the first task that waits for no other; results come
 * back in task order. After a stop request no task is started, and the running ones end at their next safe point.
 */
import { parentPort, Worker } from "node:worker_threads";
import { InputError, WriteError } from "@linear-probes/core";
import { Interrupted, type StopFlag } from "./stop-flag.ts";

type FromWorker<Result> =
  | { readonly type: "log"; readonly line: string }
  | { readonly type: "done"; readonly task: number; readonly result: Result }
  | { readonly type: "failed"; readonly task: number; readonly error: Failure };
type ToWorker = { readonly type: "task"; readonly task: number } | { readonly type: "end" };

interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

export interface PoolOptions<Result> {
  readonly tasks: number;
  /** The tasks that must be done before a task, all of them before it in order. Default: none. */
  readonly after?: (task: number) => readonly number[];
  readonly workers: number;
  /** The module each worker runs; it must call {@link serveTasks}. */
  readonly module: URL;
  readonly workerData: unknown;
  readonly stop: StopFlag;
  readonly log: (line: string) => void;
  readonly onDone?: (task: number, result: Result) => void;
}

/** Runs tasks 0 .. tasks-1. Rejects with the first failure, or with {@link Interrupted} when a stop left some undone. */
export async function runTasks<Result>(options: PoolOptions<Result>): Promise<Result[]> {
  const { tasks, stop, after = () => [] } = options;
  const results = new Map<number, Result>();
  const left = new Set(Array.from({ length: tasks }, (_, task) => task)); // not started
  const idle: Worker[] = [];
  let failure: Error | undefined;
  const give = (worker: Worker): void => {
    const over = left.size === 0 || failure !== undefined || stop.requested();
    const task = over ? undefined : [...left].find((one) => after(one).every((other) => results.has(other)));
    if (task === undefined && !over) return void idle.push(worker);
    if (task !== undefined) left.delete(task);
    worker.postMessage((task === undefined ? { type: "end" } : { type: "task", task }) satisfies ToWorker);
  };

  const runWorker = (): Promise<void> =>
    new Promise((resolve) => {
      const worker = new Worker(options.module, { workerData: options.workerData });
      worker.on("message", (message: FromWorker<Result>) => {
        if (message.type === "log") return options.log(message.line);
        if (message.type === "done") {
          results.set(message.task, message.result);
          options.onDone?.(message.task, message.result);
        } else if (message.error.name !== "Interrupted") failure ??= revive(message.error);
        // What was done may be what others wait for; what failed must end them.
        for (const free of [worker, ...idle.splice(0)]) give(free);
      });
      worker.on("error", (error: Error) => (failure ??= error));
      worker.on("exit", (status) => {
        if (status !== 0) failure ??= new Error(`a worker ended with status ${status}`);
        for (const free of idle.splice(0)) give(free);
        resolve();
      });
      give(worker);
    });

  await Promise.all(Array.from({ length: Math.max(1, Math.min(options.workers, tasks)) }, runWorker));
  if (failure !== undefined) throw failure;
  const inOrder = Array.from({ length: tasks }, (_, task) => results.get(task)).filter(
    (result) => result !== undefined,
  );
  if (inOrder.length < tasks) throw new Interrupted();
  return inOrder;
}

/** The worker's side: answers each task with the result of `run`, and cleans up before it ends. */
export function serveTasks<Result>(
  run: (task: number) => Promise<Result>,
  end: () => Promise<void> = () => Promise.resolve(),
): { log: (line: string) => void } {
  const port = parentPort;
  if (port === null) throw new Error("serveTasks: must run in a worker thread");
  const answer = (message: FromWorker<Result>): void => port.postMessage(message);
  const perform = async (task: number): Promise<void> => {
    try {
      answer({ type: "done", task, result: await run(task) });
    } catch (error) {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
      answer({ type: "failed", task, error: { name, message, stack } });
    }
  };
  port.on("message", (message: ToWorker) => {
    if (message.type === "task") void perform(message.task);
    else void end().finally(() => port.close());
  });
  return { log: (line) => answer({ type: "log", line }) };
}

/** Errors whose message is for the user; they keep their kind across threads. */
const kinds = new Map([InputError, WriteError].map((kind) => [kind.name, kind]));

function revive({ name, message, stack }: Failure): Error {
  const error = new (kinds.get(name) ?? Error)(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
