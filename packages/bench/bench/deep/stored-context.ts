/** @file What an experiment gets from its runner, for a benchmark that measures it: a store of its own, without code in its keys. */
import { rootStream, type WasmRuntime } from "@linear-probes/core";
import type { Effects } from "../../src/effects.ts";
import type { TaskContext } from "../../src/experiment.ts";
import { createMeter } from "../../src/ledger.ts";
import { openStore } from "../../src/store.ts";
import type { DeepBenchData } from "./job.ts";

export function storedContext(
  { storeFolder, dataDir }: Pick<DeepBenchData, "storeFolder" | "dataDir">,
  effects: Effects,
  runtime: WasmRuntime,
): TaskContext {
  const store = openStore({ folder: storeFolder, log: effects.log });
  return {
    ...effects,
    stream: rootStream(1).split("fig08-skip-connection"),
    runtime,
    threads: runtime.threads,
    dataDir,
    remember: (_, facts, compute) =>
      store.remember(facts, async () => {
        const meter = createMeter(effects);
        return { ...(await compute(meter)), cost: meter.cost() };
      }),
    recall: (_, facts) => store.get(facts),
    keep: (_, facts, value, cost) => void store.put(facts, value, cost),
    forget: (_, facts) => store.remove(facts),
  };
}
