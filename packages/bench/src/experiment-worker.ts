/** @file The worker thread of an experiment: makes what its tasks may use, then serves them. */
import { fileURLToPath } from "node:url";
import { workerData } from "node:worker_threads";
import { rootStream } from "@linear-probes/core";
import { systemEffects } from "./effects.ts";
import type { Stages, TaskContext, TaskResult } from "./experiment.ts";
import { type ExperimentId, loadExperiment } from "./experiments/index.ts";
import { createFingerprinter } from "./fingerprint.ts";
import { createMeter, type Use, useOf } from "./ledger.ts";
import { serveTasks } from "./pool.ts";
import { repositoryRoot } from "./provenance.ts";
import type { ProfileName } from "./run-record.ts";
import { createWasmRuntime } from "./stages/kernels.ts";
import { stopFlag } from "./stop-flag.ts";
import { openStore } from "./store.ts";
import type { Facts } from "./stored-value.ts";

export interface ExperimentWorkerData {
  readonly experiment: ExperimentId;
  readonly profile: ProfileName;
  readonly seed: string;
  readonly threads: number; // of this worker's kernels
  readonly allThreads: number; // of the run
  readonly storeFolder: string;
  readonly dataDir: string | undefined;
  readonly stop: SharedArrayBuffer;
}

/** A task's result and what it used, for the account of time. */
export type MeteredResult = TaskResult & { readonly uses: readonly Use[] };

const data: ExperimentWorkerData = workerData;
const experiment = await loadExperiment(data.experiment);
// Now, beside the loading of the code itself: an editor may touch the files while the tasks run.
const fingerprint = createFingerprinter(repositoryRoot);
const codes = new Map(
  Object.values(experiment.stages).map((stage) => [stage.href, fingerprint(fileURLToPath(stage)).sha256]),
);
const runtime = await createWasmRuntime({ threads: data.threads });
const { log } = serveTasks(run, () => runtime.dispose());
const effects = systemEffects(log, stopFlag(data.stop));
const store = openStore({ folder: data.storeFolder, log });

function withCode(stages: Stages, facts: Facts): Facts {
  const code = stages.map((stage) => {
    const sha256 = codes.get(stage.href);
    if (sha256 === undefined) throw new Error(`${data.experiment}: ${stage.href} must be among its stages`);
    return sha256;
  });
  return { ...facts, code };
}

async function run(task: number): Promise<MeteredResult> {
  const uses = new Map<string, Use>();
  const context: TaskContext = {
    ...effects,
    stream: rootStream(data.seed).split(experiment.streamsOf ?? data.experiment),
    runtime,
    threads: data.allThreads,
    dataDir: data.dataDir,
    async remember(stages, facts, compute) {
      const remembered = await store.remember(withCode(stages, facts), async () => {
        const meter = createMeter(effects);
        const value = await compute(meter);
        return { ...value, cost: meter.cost() };
      });
      const use = useOf(remembered);
      if (!uses.has(use.key)) uses.set(use.key, use); // a value computed here and then reused was computed here
      return remembered;
    },
    recall: (stages, facts) => store.get(withCode(stages, facts)),
    keep: (stages, facts, value, cost) => void store.put(withCode(stages, facts), value, cost),
    forget: (stages, facts) => store.remove(withCode(stages, facts)),
  };
  effects.stop.check();
  const result = await experiment.run(data.profile, task, context);
  return { ...result, uses: [...uses.values()] };
}
