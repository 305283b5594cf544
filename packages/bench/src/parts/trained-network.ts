/** @file The convnet after so many steps: out of the store, or trained from the last checkpoint that was kept. */
import type { Parameters } from "@linear-probes/models";
import type { TaskContext } from "../experiment.ts";
import type { Digits, RowSettings } from "../stages/convnet-data.ts";
import { stateArrays, stateOf, trainConvnet, untrainedState } from "../stages/convnet-training.ts";

export interface TrainedNetworkOptions {
  readonly rows: RowSettings;
  readonly keepEvery: number; // steps between checkpoints
  readonly stage: URL; // whose code trains
}

/** The network's parameters after `step` steps; trained when the store does not hold them. */
export async function trainedNetwork(
  step: number,
  data: Digits,
  { rows, keepEvery, stage }: TrainedNetworkOptions,
  context: TaskContext,
): Promise<Parameters> {
  const stream = context.stream.split("convnet");
  const untrained = untrainedState(stream);
  if (step === 0) return untrained.parameters;
  const used = [stage];
  const factsAt = (at: number) => ({
    kind: "fig05-network",
    step: at,
    data: data.record.sha256,
    heldOut: rows.heldOut,
    stream: stream.path,
  });
  const { arrays } = await context.remember(used, factsAt(step), async (meter) => {
    const latest = latestKept(step, (at) => context.recall(used, factsAt(at)));
    if (latest !== undefined) meter.carry(latest.entry.cost);
    let kept = latest?.at;
    const start = context.seconds();
    const state = await meter.phase("training", () =>
      trainConvnet({
        stream,
        digits: data,
        heldOut: rows.heldOut,
        steps: step,
        from: latest === undefined ? untrained : stateOf(latest.at, latest.entry.arrays),
        threads: context.runtime.threads,
        stop: context.stop,
        keepEvery,
        keep(state) {
          if (state.step === step) return; // the result itself
          context.keep(used, factsAt(state.step), { json: null, arrays: stateArrays(state) }, meter.cost());
          if (kept !== undefined && kept !== state.step) context.forget(used, factsAt(kept));
          kept = state.step;
        },
        onProgress(done, loss) {
          if (done % 100 !== 0 && done !== step) return;
          const left = ((context.seconds() - start) / (done - (latest?.at ?? 0))) * (step - done);
          context.log(`training, step ${done}/${step}, loss ${loss.toFixed(3)}, about ${Math.ceil(left)} s left`);
        },
      }),
    );
    if (kept !== undefined) context.forget(used, factsAt(kept));
    return { json: null, arrays: stateArrays(state) };
  });
  return stateOf(step, arrays).parameters;
}

/** The last checkpoint that an unfinished training left; one that was interrupted may leave it at any step. */
function latestKept<T>(step: number, recall: (at: number) => T | undefined) {
  for (let at = step - 1; at > 0; at--) {
    const entry = recall(at);
    if (entry !== undefined) return { at, entry };
  }
  return undefined;
}
