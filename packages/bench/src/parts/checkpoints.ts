/**
 * @file A network after given numbers of steps. What is in the store is not made again: parameters at the steps that are
 * kept, and the last state of an unfinished training.
 */
import type { Parameters } from "@linear-probes/models";
import type { Stages, TaskContext } from "../experiment.ts";
import type { Meter } from "../ledger.ts";
import type { Trainer, TrainerOptions } from "../stages/trainer.ts";
import type { Facts } from "../stored-value.ts";
import { parametersOf, stateArrays, stateOf } from "./training-state.ts";

export interface Checkpoints {
  /** Parameters after so many steps, from the store or trained. */
  at(step: number, meter: Meter): Promise<Parameters>;
  /** Takes unfinished training out of the store. */
  finish(): void;
  dispose(): Promise<void>;
}

export interface CheckpointOptions {
  readonly used: Stages; // whose code trains
  readonly name: string; // of the stored values
  readonly facts: Omit<Facts, "kind">; // all that the training depends on
  readonly kept: readonly number[]; // steps
  readonly last: number; // step
  readonly keepEvery: number; // steps between the states that a killed run goes on from
  readonly createTrainer: (running: Pick<TrainerOptions, "threads" | "stop" | "log" | "keepEvery" | "keep">) => Trainer;
}

// What training costs is counted with the values that asked for it.
const noCost = { seconds: {}, peakRssMiB: 0 };

export function createCheckpoints(options: CheckpointOptions, context: TaskContext): Checkpoints {
  const { used, name, facts, keepEvery } = options;
  const stateFacts = (step: number): Facts => ({ ...facts, kind: `${name}-state`, step });
  const kept = new Set(options.kept);
  let keptState: number | undefined;
  const trainer = options.createTrainer({
    threads: context.runtime.threads,
    stop: context.stop,
    log: context.log,
    keepEvery,
    keep(state) {
      context.keep(used, stateFacts(state.step), { json: null, arrays: stateArrays(state) }, noCost);
      if (keptState !== undefined && keptState !== state.step) context.forget(used, stateFacts(keptState));
      keptState = state.step;
    },
  });
  const train = async (step: number, meter: Meter): Promise<Parameters> => {
    if (trainer.step === undefined || trainer.step > step) {
      const found = latest(step, (at) => context.recall(used, stateFacts(at)));
      keptState = found?.at;
      trainer.start(found === undefined ? undefined : stateOf(found.at, found.entry.arrays));
    }
    return meter.phase("training", () => trainer.advance(step));
  };
  return {
    async at(step, meter) {
      if (!kept.has(step)) return train(step, meter);
      const own: Facts = { ...facts, kind: `${name}-parameters`, step };
      const found = context.recall(used, own);
      if (found !== undefined) return parametersOf(found.arrays);
      const parameters = await train(step, meter);
      context.keep(used, own, { json: null, arrays: Object.fromEntries(parameters) }, noCost);
      return parameters;
    },
    finish() {
      for (let step = keepEvery; step <= options.last; step += keepEvery) context.forget(used, stateFacts(step));
      if (keptState !== undefined) context.forget(used, stateFacts(keptState));
    },
    dispose: () => trainer.dispose(),
  };
}

function latest<T>(step: number, recall: (at: number) => T | undefined) {
  for (let at = step; at > 0; at--) {
    const entry = recall(at);
    if (entry !== undefined) return { at, entry };
  }
  return undefined;
}
