/** @file Runs one experiment: its tasks on a pool, rows in task order, the result written with its provenance. */
import { fileURLToPath } from "node:url";
import { type Row, sha256 } from "@linear-probes/core";
import type { Effects } from "./effects.ts";
import type { Experiment, TaskLabel } from "./experiment.ts";
import type { ExperimentWorkerData, MeteredResult } from "./experiment-worker.ts";
import { type ExperimentId, loadExperiment } from "./experiments/index.ts";
import { createFingerprinter, type Fingerprint } from "./fingerprint.ts";
import { timingsOf } from "./ledger.ts";
import { runTasks } from "./pool.ts";
import { packagesOf, provenance, repositoryRoot } from "./provenance.ts";
import { writeResult } from "./results.ts";
import type { DatasetRecord, ProfileName, RunRecord } from "./run-record.ts";

export interface RunOptions {
  readonly profile: ProfileName;
  readonly seed: string;
  readonly threads: number;
  readonly storeFolder: string;
  readonly resultsFolder: string;
  readonly dataDir: string | undefined;
}

export interface Finished {
  readonly folder: string;
  readonly rows: readonly Row[];
  readonly run: Omit<RunRecord, "rowsSha256" | "secondsSha256">;
}

/** Throws `Interrupted` when stopped; what was finished is in the store and the next run goes on from there. */
export async function runExperiment(id: ExperimentId, options: RunOptions, effects: Effects): Promise<Finished> {
  const { profile, seed, threads } = options;
  const startedAt = effects.isoTime();
  const start = effects.seconds();
  const experiment = await loadExperiment(id);
  const stages = stageFingerprints(experiment);
  const many = experiment.parallelism === "tasks";
  const tasks = experiment.tasks(profile);
  const workers = many ? Math.min(threads, tasks.length) : 1;
  const data: ExperimentWorkerData = {
    experiment: id,
    profile,
    seed,
    threads: many ? 1 : threads,
    allThreads: threads,
    storeFolder: options.storeFolder,
    dataDir: options.dataDir,
    stop: effects.stop.buffer,
  };
  effects.log(`${id}: ${experiment.title}, profile ${profile}, ${tasks.length} tasks on ${threads} threads`);
  const progress = createProgress(id, tasks, effects);
  const results = await runTasks<MeteredResult>({
    tasks: tasks.length,
    after: (task) => tasks[task]?.after ?? [],
    workers,
    module: new URL("./experiment-worker.ts", import.meta.url),
    workerData: data,
    stop: effects.stop,
    log: (line) => effects.log(`${id}: ${line}`),
    onDone: progress,
  });
  const rows = results.flatMap((result) => result.rows);
  const uses = results.flatMap((result) => result.uses);
  const run = {
    experiment: id,
    profile,
    seed,
    settings: { ...experiment.settings(profile) },
    replayLevel: experiment.replayLevel,
    status: "complete" as const,
    dataset: mergeDatasets(results.map((result) => result.dataset)),
    ...provenance(),
    threads,
    packages: packagesOf(Object.values(stages)),
    startedAt,
    finishedAt: effects.isoTime(),
    timings: timingsOf(uses, workers, effects.seconds() - start, effects.peakRssMiB()),
    stages: Object.fromEntries(Object.entries(stages).map(([name, { parts }]) => [name, { ...parts }])),
  };
  const seconds = results.flatMap((result) => result.seconds ?? []);
  return { folder: writeResult(rows, run, options.resultsFolder, seconds), rows, run };
}

export function stageFingerprints(experiment: Experiment): Record<string, Fingerprint> {
  const fingerprint = createFingerprinter(repositoryRoot);
  return Object.fromEntries(
    Object.entries(experiment.stages).map(([name, module]) => [name, fingerprint(fileURLToPath(module))]),
  );
}

/** Tasks that drew their own data are told by the hash of all their hashes. */
function mergeDatasets(datasets: readonly DatasetRecord[]): DatasetRecord {
  const [first] = datasets;
  if (first === undefined) throw new Error("an experiment must have at least one task");
  const hashes = new Set(datasets.map((dataset) => dataset.sha256));
  return hashes.size === 1 ? first : { ...first, sha256: sha256([...hashes].join("\n")) };
}

/** Prints a line after a task, with the time left, at most every two seconds. */
function createProgress(id: string, tasks: readonly TaskLabel[], effects: Effects) {
  const start = effects.seconds();
  const total = tasks.reduce((sum, task) => sum + task.weight, 0);
  let count = 0;
  let passed = 0; // weight of the tasks behind us
  let computed = 0; // weight of those that were not simply found in the store
  let printedAt = start;
  return (index: number, result: MeteredResult): void => {
    const weight = tasks[index]?.weight ?? 0;
    count += 1;
    passed += weight;
    if (result.uses.some((use) => !use.reused)) computed += weight;
    const now = effects.seconds();
    if (now - printedAt < 2 && count < tasks.length) return;
    printedAt = now;
    // Before a fiftieth is done, starting up is most of what the clock has seen.
    const known = count < tasks.length && computed > 0.02 * total;
    const eta = known ? `, about ${Math.ceil(((now - start) / computed) * (total - passed))} s left` : "";
    effects.log(`${id}: ${count}/${tasks.length} ${tasks[index]?.label ?? ""}, ${(now - start).toFixed(1)} s${eta}`);
  };
}
