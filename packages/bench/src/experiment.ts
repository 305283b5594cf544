/** @file What an experiment is: profiles as data, independent tasks in the order of their rows, and how to run one. */
import type { ReplayLevel, Row, Stream, WasmRuntime } from "@linear-probes/core";
import type { Effects } from "./effects.ts";
import type { Json } from "./json.ts";
import type { Meter } from "./ledger.ts";
import type { DatasetRecord, ProfileName } from "./run-record.ts";
import type { Remembered } from "./store.ts";
import type { Cost, Entry, Facts, StoredValue } from "./stored-value.ts";

export type Settings = Readonly<Record<string, Json>>;

export type Stages = readonly URL[];

/** What a task may use. Tasks run in worker threads; nothing else reaches them. */
export interface TaskContext extends Effects {
  /** `seed/experiment`, the root of all the experiment's randomness. */
  readonly stream: Stream;
  readonly runtime: WasmRuntime;
  /** Of the whole run: for a task that all others wait for. */
  readonly threads: number;
  readonly dataDir: string | undefined;
  /**
   * The stored value of these facts and of the code of these stages; computed first when absent.
   * `stages` are the modules whose code, with all that it imports, makes the value; they must be the experiment's.
   */
  remember(stages: Stages, facts: Facts, compute: (meter: Meter) => Promise<StoredValue>): Promise<Remembered>;
  /** The same without computing. */
  recall(stages: Stages, facts: Facts): Entry | undefined;
  /** Puts the value in the store, to be recalled, unless it is too large. */
  keep(stages: Stages, facts: Facts, value: StoredValue, cost: Cost): void;
  /** Takes a value out of the store. */
  forget(stages: Stages, facts: Facts): void;
}

export interface TaskResult {
  readonly rows: readonly Row[];
  /** Seconds that belong to rows, which name them by their cells: they never repeat, and so are no rows. */
  readonly seconds?: readonly Row[];
  readonly dataset: DatasetRecord;
}

/** `weight` is the expected cost relative to the other tasks, for the time left. */
export interface TaskLabel {
  readonly label: string;
  readonly weight: number;
  /** Tasks before this one, by place, that must be done first. */
  readonly after?: readonly number[];
}

export interface ExperimentDefinition<S extends Settings, Task extends TaskLabel> {
  readonly id: string; // = file name
  readonly title: string;
  readonly source: string; // place in the paper
  readonly replayLevel: ReplayLevel;
  /** "tasks": many workers of one thread each. "kernels": one worker, whose kernels use all threads. */
  readonly parallelism: "tasks" | "kernels";
  /** The experiment whose randomness this one shares, since it measures the same network; default: its own. */
  readonly streamsOf?: string;
  readonly profiles: Readonly<Record<ProfileName, S>>;
  /** The modules whose results are stored; what `probes why` reports on. */
  readonly stages: Readonly<Record<string, URL>>;
  /** Column → greatest absolute difference from the golden rows, Infinity for any; absent: equal bytes are asked for. */
  readonly goldenTolerance?: Readonly<Record<string, number>>;
  tasks(settings: S): readonly Task[];
  run(task: Task, settings: S, context: TaskContext): Promise<TaskResult>;
}

/** An experiment without its own types: what the runner sees. */
export interface Experiment extends Pick<
  ExperimentDefinition<Settings, TaskLabel>,
  "id" | "title" | "source" | "replayLevel" | "parallelism" | "streamsOf" | "stages" | "goldenTolerance"
> {
  settings(profile: ProfileName): Settings;
  tasks(profile: ProfileName): readonly TaskLabel[];
  run(profile: ProfileName, task: number, context: TaskContext): Promise<TaskResult>;
}

export function defineExperiment<S extends Settings, Task extends TaskLabel>(
  definition: ExperimentDefinition<S, Task>,
): Experiment {
  const { profiles } = definition;
  return {
    ...definition,
    settings: (profile) => profiles[profile],
    tasks: (profile) =>
      definition.tasks(profiles[profile]).map(({ label, weight, after = [] }) => ({ label, weight, after })),
    run(profile, index, context) {
      const task = definition.tasks(profiles[profile])[index];
      if (task === undefined) throw new RangeError(`${definition.id}: no task ${index}`);
      return definition.run(task, profiles[profile], context);
    },
  };
}
