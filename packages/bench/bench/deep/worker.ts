/** @file A worker of `bench:deep`: probes parts of a checkpoint on one thread, as the experiment's tasks do. */
import { workerData } from "node:worker_threads";
import type { ProblemKernels, WasmRuntime } from "@linear-probes/core";
import { runDeep } from "../../src/deep-run.ts";
import { systemEffects } from "../../src/effects.ts";
import { serveTasks } from "../../src/pool.ts";
import { deepDigits } from "../../src/stages/deep-network.ts";
import { createWasmRuntime } from "../../src/stages/kernels.ts";
import { stopFlag } from "../../src/stop-flag.ts";
import { type DeepBenchData, framesOf, IMAGES, type Lap, type PartResult, type Phase, runOf } from "./job.ts";
import { storedContext } from "./stored-context.ts";

const data: DeepBenchData = workerData;
const runtime = await createWasmRuntime({ threads: 1 });
const { log } = serveTasks(probePart, () => runtime.dispose());
const effects = systemEffects(log, stopFlag(data.stop));

async function probePart(task: number): Promise<PartResult> {
  const part = data.parts[task];
  if (part === undefined) throw new RangeError(`bench:deep: no part ${task}`);
  const stopwatch = createStopwatch();
  const context = storedContext(data, effects, stopwatch.watch(runtime));
  const digits = await deepDigits(context, IMAGES);
  const from = sharedClock();
  stopwatch.start();
  const rows = await runDeep(runOf(data.kept, [framesOf(part, data.rows)]), digits, context);
  return { rows, lap: stopwatch.lap(), from, to: sharedClock() };
}

const sharedClock = (): number => (performance.timeOrigin + performance.now()) / 1000;

interface Stopwatch {
  start(): void;
  lap(): Lap;
  /** The same runtime; which phase runs is told by what it is asked for. */
  watch(runtime: WasmRuntime): WasmRuntime;
}

/**
 * Features are asked for before their activations are made and bound when they are fitted to, and only certificates ask
 * for exact products. So every second of a lap belongs to one phase, and the experiment is measured as it is.
 */
function createStopwatch(): Stopwatch {
  const spent: Record<Phase, number> = { activations: 0, fits: 0, certificates: 0 };
  let running: Phase = "activations";
  let since = performance.now();
  const turnTo = (phase: Phase): void => {
    const at = performance.now();
    spent[running] += (at - since) / 1000;
    [running, since] = [phase, at];
  };
  const watchKernels = (kernels: ProblemKernels): ProblemKernels => {
    const forwardExact = kernels.forwardExact.bind(kernels);
    const releaseMargins = kernels.releaseMargins.bind(kernels);
    return Object.assign(kernels, {
      forwardExact(...given: Parameters<typeof forwardExact>) {
        turnTo("certificates");
        forwardExact(...given);
      },
      releaseMargins(...given: Parameters<typeof releaseMargins>) {
        releaseMargins(...given);
        turnTo("fits");
      },
    });
  };
  return {
    start() {
      Object.assign(spent, { activations: 0, fits: 0, certificates: 0 });
      [running, since] = ["activations", performance.now()];
    },
    lap() {
      turnTo(running);
      return { ...spent };
    },
    watch: (runtime) => ({
      ...runtime,
      createFeatures(options) {
        turnTo("activations");
        return runtime.createFeatures(options);
      },
      bind(features, binding) {
        turnTo("fits");
        return watchKernels(runtime.bind(features, binding));
      },
    }),
  };
}
