/**
 * @file Figure 5: linear probes on ten taps of the MNIST convnet, before and after its training, all features of every
 * tap. Each probe is fitted twice: as the paper does (RMSProp, raw features, early stopping on 10,000 validation
 * images) and to a certified optimum with the l2 that does best on the same images.
 *
 * The probes' validation images are the first 10,000, of which the convnet never sees the first 5,000; the probes are
 * trained on the other 50,000. The paper does not give RMSProp's settings; ours were fixed beforehand, with a learning
 * rate for each tap by one rule (a step moves a logit by about 0.1), since the taps differ 2,500-fold in width.
 */
import type { Row } from "@linear-probes/core";
import { mnistConvnet, type Parameters } from "@linear-probes/models";
import { z } from "zod";
import { defineExperiment, type TaskContext, type TaskResult } from "../experiment.ts";
import type { Meter } from "../ledger.ts";
import type { Fig05Protocol, Fig05Row } from "../rows.ts";
import {
  convnetTaps,
  networkError,
  parametersHash,
  type TapFeatures,
  tapFeatures,
} from "../stages/convnet-activations.ts";
import { certifiedProbe, type CertifiedPathSettings } from "../stages/convnet-certified.ts";
import { type Digits, digits, type RowSettings } from "../stages/convnet-data.ts";
import { earlyStoppedProbe, type EarlyStoppingSettings } from "../stages/convnet-early-stopping.ts";
import { stateArrays, stateOf, trainConvnet, untrainedState } from "../stages/convnet-training.ts";
import { rowSchema } from "../results.ts";

type Settings = {
  readonly rows: RowSettings;
  readonly steps: number; // of the convnet's training
  readonly keepEvery: number; // steps between checkpoints for a resumed run
  readonly columnsAtOnce: number; // features in memory together, per image
  readonly earlyStopping: EarlyStoppingSettings;
  readonly certified: CertifiedPathSettings;
};

const paper: Settings = {
  rows: { train: 60_000, test: 10_000, validation: 10_000, heldOut: mnistConvnet.heldOut },
  steps: 8593, // ⌊10 · 55,000 / 64⌋
  keepEvery: 300,
  columnsAtOnce: 25_088,
  earlyStopping: { l2: 1e-6, epochs: 8, patience: 2, batch: 128, logitStep: 0.1, decay: 0.9 },
  certified: { strengths: [1e-3, 1e-4, 1e-5, 1e-6], pathGap: 1e-2, chosenGap: 1e-3, passes: 60 },
};

const stages = {
  kernels: new URL("../stages/kernels.ts", import.meta.url),
  data: new URL("../stages/convnet-data.ts", import.meta.url),
  training: new URL("../stages/convnet-training.ts", import.meta.url),
  activations: new URL("../stages/convnet-activations.ts", import.meta.url),
  "early-stopping": new URL("../stages/convnet-early-stopping.ts", import.meta.url),
  "certified-l2": new URL("../stages/convnet-certified.ts", import.meta.url),
};

type Task = { readonly label: string; readonly weight: number; readonly step: number } & (
  | { readonly kind: "model" }
  | { readonly kind: "probes"; readonly taps: typeof convnetTaps }
);

export default defineExperiment<Settings, Task>({
  id: "fig05-mnist-convnet",
  title: "probes on a convnet before and after training",
  source: "Alain & Bengio 2016, figure 5",
  replayLevel: "bitwise-one-machine",
  parallelism: "kernels",
  profiles: {
    smoke: {
      ...paper,
      rows: { train: 500, test: 300, validation: 100, heldOut: 50 },
      steps: 60,
      keepEvery: 20,
      certified: { ...paper.certified, strengths: [1e-3, 1e-4], chosenGap: 1e-2, passes: 30 },
    },
    quick: {
      ...paper,
      rows: { train: 6000, test: 2000, validation: 1000, heldOut: 500 },
      steps: 600,
      certified: { ...paper.certified, strengths: [1e-3, 1e-4, 1e-5], passes: 40 },
    },
    paper,
  },
  stages,
  tasks: ({ steps, columnsAtOnce, rows }) =>
    [0, steps].flatMap((step) => [
      { kind: "model", label: `the network at step ${step}`, weight: 1 + 0.05 * step, step } as const,
      ...groupTaps(columnsAtOnce).map((taps) => ({
        kind: "probes" as const,
        label: `probes at step ${step} on ${taps.map((tap) => tap.name).join(", ")}`,
        weight: 1 + 5e-8 * rows.train * taps.reduce((sum, tap) => sum + tap.features, 0), // seconds, roughly
        step,
        taps,
      })),
    ]),
  run: (task, settings, context) =>
    task.kind === "model" ? runModel(task.step, settings, context) : runProbes(task.step, task.taps, settings, context),
});

/** Neighbouring taps that fit in memory together share a pass through the network. */
function groupTaps(columns: number): (typeof convnetTaps)[] {
  const groups: (typeof convnetTaps)[] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const tap of convnetTaps) {
    used += tap.features;
    if (used > columns) {
      groups.push([]);
      used = tap.features;
    }
    groups.at(-1)?.push(tap);
  }
  return groups;
}

async function runModel(step: number, settings: Settings, context: TaskContext): Promise<TaskResult> {
  const data = await digits(context, settings.rows);
  const parameters = await networkAt(step, data, settings, context);
  const { validation, train } = settings.rows;
  const facts = {
    kind: "fig05-model",
    network: parametersHash(parameters),
    data: data.record.sha256,
    rows: settings.rows,
  };
  const { json } = await context.remember([stages.activations], facts, async (meter) => {
    const roles = {
      validationError: { from: 0, labels: data.labels.train.subarray(0, validation) },
      testError: { from: train, labels: data.labels.test },
    };
    const errors: Record<string, number> = {};
    for (const [name, role] of Object.entries(roles))
      errors[name] = await meter.phase("activations", () => networkError(parameters, data, role, forwardOf(context)));
    return { json: errors };
  });
  const errors = z.object({ validationError: z.number(), testError: z.number() }).parse(json);
  const row: Fig05Row = { kind: "model", step, epoch: epochOf(step, settings), ...errors };
  return { dataset: data.record, rows: [{ ...row }] };
}

async function runProbes(
  step: number,
  taps: typeof convnetTaps,
  settings: Settings,
  context: TaskContext,
): Promise<TaskResult> {
  const data = await digits(context, settings.rows);
  const parameters = await networkAt(step, data, settings, context);
  const wanted = taps.flatMap((tap) =>
    (["early-stopping", "certified-l2"] as const).map((protocol) => ({
      tap,
      protocol,
      stages: [stages.kernels, stages.activations, stages[protocol]],
      facts: {
        kind: "fig05-probe",
        protocol,
        tap: tap.name,
        // The input is the same whatever the network.
        network: tap.depth === 0 ? "any" : parametersHash(parameters),
        data: data.record.sha256,
        rows: settings.rows,
        options: protocol === "early-stopping" ? settings.earlyStopping : settings.certified,
        stream: context.stream.path,
      },
    })),
  );
  const missing = taps.filter((tap) =>
    wanted.some((probe) => probe.tap === tap && context.recall(probe.stages, probe.facts) === undefined),
  );
  let features: ReadonlyMap<string, TapFeatures> | undefined;
  const featuresOf = async (tap: string, meter: Meter): Promise<TapFeatures> => {
    features ??= await meter.phase("activations", () =>
      tapFeatures(
        context.runtime,
        parameters,
        data,
        settings.rows,
        missing.map(({ name }) => name),
        forwardOf(context),
      ),
    );
    const found = features.get(tap);
    if (found === undefined) throw new Error(`${tap}: its features are not among those made`);
    return found;
  };
  const rows: Row[] = [];
  try {
    for (const { tap, protocol, stages, facts } of wanted) {
      const { json } = await context.remember(stages, facts, async (meter) => {
        const own = await featuresOf(tap.name, meter);
        const start = context.seconds();
        const probe = await meter.phase("probes", () => fitProbe(protocol, tap.name, own, settings, context));
        const seconds = context.seconds() - start;
        const test = `test error ${(100 * probe.testError).toFixed(2)} %`;
        if (seconds > 2)
          context.log(`${tap.name}, ${protocol}: ${test}, ${probe.passes} passes, ${seconds.toFixed(1)} s`);
        return { json: { ...probe } };
      });
      const { name, depth, features: columns } = tap;
      const place = {
        kind: "probe",
        step,
        epoch: epochOf(step, settings),
        tap: name,
        depth,
        features: columns,
        protocol,
      };
      rows.push({ ...place, ...rowSchema.parse(json) });
      if (protocol === "certified-l2") features?.get(name)?.release(); // the tap's last
    }
  } finally {
    for (const own of features?.values() ?? []) own.release();
  }
  return { dataset: data.record, rows };
}

function fitProbe(
  protocol: Fig05Protocol,
  tap: string,
  features: TapFeatures,
  settings: Settings,
  context: TaskContext,
) {
  const stream = context.stream.split("probes").split(tap).split(protocol);
  const hooks = {
    watch: () => {
      context.stop.check();
      return undefined;
    },
  };
  return protocol === "early-stopping"
    ? earlyStoppedProbe(context.runtime, features, stream, settings.earlyStopping, hooks)
    : certifiedProbe(context.runtime, features, stream, settings.certified, hooks);
}

/** The network's parameters after `step` steps; trained when the store does not hold them. */
async function networkAt(step: number, data: Digits, settings: Settings, context: TaskContext): Promise<Parameters> {
  const { rows, keepEvery } = settings;
  const stream = context.stream.split("convnet");
  const untrained = untrainedState(stream);
  if (step === 0) return untrained.parameters;
  const used = [stages.training];
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

function forwardOf({ runtime, stop }: TaskContext) {
  return { threads: runtime.threads, stop };
}

function epochOf(step: number, { rows }: Settings): number {
  return Math.round((step * mnistConvnet.training.batch) / (rows.train - rows.heldOut));
}
