/** @file The convnet after so many steps: out of the store, or trained from the last checkpoint that was kept. */
import type { Parameters } from "@linear-probes/models";
import type { TaskContext } from "../experiment.ts";
import type { Meter } from "../ledger.ts";
import type { Digits, RowSettings } from "../stages/convnet-data.ts";
import { trainConvnet, untrainedState } from "../stages/convnet-training.ts";
import { stateArrays, stateOf } from "./training-state.ts";

export interface TrainedNetworkOptions {
  readonly rows: RowSettings;
  readonly keepEvery: number; // steps between checkpoints
  readonly filmSteps: readonly number[]; // steps whose parameters are kept for the film
  readonly stage: URL; // whose code trains
  readonly threads?: number; // default: the task's own
}

/** The network's parameters after `step` steps; trained when the store does not hold them. */
export async function trainedNetwork(
  step: number,
  data: Digits,
  options: TrainedNetworkOptions,
  context: TaskContext,
): Promise<Parameters> {
  if (step === 0) return untrainedState(streamOf(context)).parameters;
  const { arrays } = await context.remember(
    [options.stage],
    stateFacts(step, data, options, context),
    async (meter) => {
      const state = await trainTo(step, step, data, options, context, meter);
      return { json: null, arrays: stateArrays(state) };
    },
  );
  return stateOf(step, arrays).parameters;
}

/**
 * The parameters after a step of the film. Training leaves them behind as it passes; only where it has not, because the
 * store lost them, the network is trained once more, from there on.
 */
export async function filmedNetwork(
  step: number,
  data: Digits,
  options: TrainedNetworkOptions,
  context: TaskContext,
  meter: Meter,
): Promise<Parameters> {
  if (step === 0) return untrainedState(streamOf(context)).parameters;
  const recall = () => context.recall([options.stage], frameFacts(step, data, options, context));
  const found = recall();
  if (found !== undefined) return stateOf(step, found.arrays).parameters;
  await trainTo(Math.max(...options.filmSteps), step, data, options, context, meter);
  const made = recall();
  if (made === undefined) throw new Error(`the network after ${step} steps: must be kept, got nothing`);
  return stateOf(step, made.arrays).parameters;
}

const streamOf = (context: TaskContext) => context.stream.split("convnet");

function stateFacts(at: number, data: Digits, { rows }: TrainedNetworkOptions, context: TaskContext) {
  return {
    kind: "fig05-network",
    step: at,
    data: data.record.sha256,
    heldOut: rows.heldOut,
    stream: streamOf(context).path,
  };
}

function frameFacts(at: number, data: Digits, options: TrainedNetworkOptions, context: TaskContext) {
  return { ...stateFacts(at, data, options, context), kind: "fig05-film-network" };
}

// What training costs is counted with whoever asked for it.
const noCost = { seconds: {}, peakRssMiB: 0 };

/** Trains to `step` from the last state that was kept before `before`. */
async function trainTo(
  step: number,
  before: number,
  data: Digits,
  options: TrainedNetworkOptions,
  context: TaskContext,
  meter: Meter,
) {
  const stream = streamOf(context);
  const used = [options.stage];
  const factsAt = (at: number) => stateFacts(at, data, options, context);
  const latest = latestKept(before, (at) => context.recall(used, factsAt(at)));
  if (latest !== undefined) meter.carry(latest.entry.cost);
  let kept = latest?.at;
  const start = context.seconds();
  const state = await meter.phase("training", () =>
    trainConvnet({
      stream,
      digits: data,
      heldOut: options.rows.heldOut,
      steps: step,
      from: latest === undefined ? untrainedState(stream) : stateOf(latest.at, latest.entry.arrays),
      threads: options.threads ?? context.runtime.threads,
      stop: context.stop,
      keepEvery: options.keepEvery,
      keep(state) {
        if (state.step === step) return; // the result itself
        context.keep(used, factsAt(state.step), { json: null, arrays: stateArrays(state) }, meter.cost());
        if (kept !== undefined && kept !== state.step) context.forget(used, factsAt(kept));
        kept = state.step;
      },
      filmSteps: options.filmSteps,
      film(at, parameters) {
        const arrays = Object.fromEntries([...parameters].map(([name, values]) => [`parameters/${name}`, values]));
        context.keep(used, frameFacts(at, data, options, context), { json: null, arrays }, noCost);
      },
      onProgress(done, loss) {
        if (done % 100 !== 0 && done !== step) return;
        const left = ((context.seconds() - start) / (done - (latest?.at ?? 0))) * (step - done);
        context.log(`training, step ${done}/${step}, loss ${loss.toFixed(3)}, about ${Math.ceil(left)} s left`);
      },
    }),
  );
  if (kept !== undefined) context.forget(used, factsAt(kept));
  return state;
}

/** The last checkpoint that an unfinished training left; one that was interrupted may leave it at any step. */
function latestKept<T>(step: number, recall: (at: number) => T | undefined) {
  for (let at = step - 1; at > 0; at--) {
    const entry = recall(at);
    if (entry !== undefined) return { at, entry };
  }
  return undefined;
}
