/**
 * @file Figure 5: linear probes on ten taps of the MNIST convnet, before and after its training, all features of every
 * tap. Each probe is fitted twice: as the paper does (RMSProp, raw features, early stopping on 10,000 validation
 * images) and to a certified optimum with the l2 that does best on the same images.
 *
 * The probes' validation images are the first 10,000, of which the convnet never sees the first 5,000; the probes are
 * trained on the other 50,000. The paper does not give RMSProp's settings. Ours have a learning rate for each tap by one
 * rule (a step moves a logit by about 0.2), since the taps differ 2,500-fold in width, and at most five epochs: both were
 * chosen for what they cost, with validation errors in view and test errors not. On wide taps the epochs often run out
 * before the validation error has stopped falling; the row's status says so.
 */
import { evaluateOnTest, evaluateOnValidation, type LinearProbe, reject, type Row } from "@linear-probes/core";
import { mnistConvnet, type Parameters } from "@linear-probes/models";
import { type ConvnetRun, convnetRuns } from "../convnet-settings.ts";
import type { FittedProbe } from "../probe-cells.ts";
import { defineExperiment, type TaskContext, type TaskResult } from "../experiment.ts";
import { identityProbe } from "../parts/identity-probe.ts";
import { lazyFeatures } from "../parts/lazy-features.ts";
import { trainedNetwork } from "../parts/trained-network.ts";
import type { Fig05Protocol } from "../rows.ts";
import {
  type ConvnetTap as Tap,
  convnetTaps,
  parametersHash,
  fittingFeatures,
  testFeatures,
} from "../stages/convnet-activations.ts";
import { knowConvolution, reducedFeatures, reducible } from "../stages/convnet-affine.ts";
import { coarseFeatures } from "../stages/convnet-coarse.ts";
import { certifiedProbe, type CertifiedPathSettings, type FittingRows } from "../stages/convnet-certified.ts";
import { type Digits, digits } from "../stages/convnet-data.ts";
import { earlyStoppedProbe, type EarlyStoppingSettings } from "../stages/convnet-early-stopping.ts";
import { rowSchema } from "../results.ts";
import type { Remembered } from "../store.ts";
import type { Entry } from "../stored-value.ts";

const protocols = ["early-stopping", "certified-l2"] as const;

/** How a tap is read: by a probe, or as the network's own answer. */
type Reading = Fig05Protocol | "network";

/** The tap that answers, and how each is read, in order. */
const ANSWER = "logits";
const readingsOf = ({ name }: Tap): readonly Reading[] => (name === ANSWER ? ["network", ...protocols] : protocols);

type Settings = ConvnetRun & {
  readonly columnsAtOnce: number; // features in memory together, per image
  readonly earlyStopping: EarlyStoppingSettings;
  readonly certified: CertifiedPathSettings;
};

const paper: Settings = {
  ...convnetRuns.paper,
  columnsAtOnce: 25_088,
  earlyStopping: { l2: 1e-6, epochs: 5, patience: 2, batch: 128, logitStep: 0.2, decay: 0.9 },
  certified: {
    strengths: [1e-4, 1e-5, 1e-6],
    pathCells: 3e7,
    pathRows: 5000, // all of `quick`
    pathSide: 4,
    pathGap: 1e-2,
    chosenGap: 1e-2,
    gapNats: 1e-3,
    passes: 60,
  },
};

const stages = {
  kernels: new URL("../stages/kernels.ts", import.meta.url),
  data: new URL("../stages/convnet-data.ts", import.meta.url),
  training: new URL("../stages/convnet-training.ts", import.meta.url),
  activations: new URL("../stages/convnet-activations.ts", import.meta.url),
  affine: new URL("../stages/convnet-affine.ts", import.meta.url),
  coarse: new URL("../stages/convnet-coarse.ts", import.meta.url),
  "early-stopping": new URL("../stages/convnet-early-stopping.ts", import.meta.url),
  "certified-l2": new URL("../stages/convnet-certified.ts", import.meta.url),
};

type Task = {
  readonly label: string;
  readonly weight: number;
  readonly step: number;
  readonly taps: readonly Tap[];
};

export default defineExperiment<Settings, Task>({
  id: "fig05-mnist-convnet",
  title: "probes on a convnet before and after training",
  source: "Alain & Bengio 2016, figure 5",
  replayLevel: "bitwise-one-machine",
  parallelism: "kernels",
  profiles: {
    smoke: {
      ...paper,
      ...convnetRuns.smoke,
      certified: { ...paper.certified, strengths: [1e-3, 1e-4], passes: 30 },
    },
    quick: {
      ...paper,
      ...convnetRuns.quick,
      certified: { ...paper.certified, strengths: [1e-4, 1e-5], passes: 40 },
    },
    paper,
  },
  stages,
  // Another processor rounds the network otherwise. 300 test and 100 validation images: these are a few of them.
  goldenTolerance: {
    testError: 0.04,
    validationError: 0.06,
    trainError: 0.04,
    trainLoss: 0.1,
    passes: 10,
    l2: Infinity, // of another strength, where two do as well
    gapNats: Infinity,
    relativeGap: Infinity,
    status: Infinity,
    certified: Infinity,
  },
  tasks: ({ steps, columnsAtOnce, rows }) =>
    [0, steps].flatMap((step) =>
      groupTaps(columnsAtOnce).map((taps, group) => {
        const features = taps.reduce((sum, tap) => sum + tap.features, 0);
        const training = group === 0 ? 0.035 * step : 0;
        return {
          label: `probes at step ${step} on ${taps.map((tap) => tap.name).join(", ")}`,
          weight: 1 + training + 5e-8 * rows.train * features, // seconds, roughly
          step,
          taps,
        };
      }),
    ),
  run: ({ step, taps }, settings, context) => runProbes(step, taps, settings, context),
});

/**
 * Neighbouring taps that fit in memory together share a pass through the network. A rectified tap takes the place of what
 * it rectifies.
 */
function groupTaps(columns: number): Tap[][] {
  const groups: Tap[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const tap of convnetTaps) {
    const takesOver = groups.at(-1)?.some(({ name }) => name === tap.rectifies) === true;
    if (!takesOver) used += tap.features;
    if (used > columns) {
      groups.push([]);
      used = tap.features;
    }
    groups.at(-1)?.push(tap);
  }
  return groups;
}

async function runProbes(
  step: number,
  taps: readonly Tap[],
  settings: Settings,
  context: TaskContext,
): Promise<TaskResult> {
  const data = await digits(context, settings.rows);
  const parameters = await trainedNetwork(step, data, { ...settings, stage: stages.training }, context);
  const wanted = taps.flatMap((tap) =>
    readingsOf(tap).map((reading) => probeOf(tap, reading, parameters, data, settings, context)),
  );
  const from = (name: string) => taps.find((tap) => tap.name === name)?.rectifies;
  const fitting = lazyFeatures(
    (names) => fittingFeatures(context.runtime, parameters, data, settings.rows, names, forwardOf(context)),
    { from, turn: (features) => features.rectified() },
  );
  const testing = lazyFeatures(
    (names) => testFeatures(context.runtime, parameters, data, settings.rows, names, forwardOf(context)),
    { from, turn: (features) => features.rectified() },
  );
  const missing = (kind: string): string[] => [
    ...new Set(
      wanted
        .filter(({ used, facts }) => context.recall(used, { kind, ...facts }) === undefined)
        .map(({ tap }) => tap.name),
    ),
  ];
  try {
    const unfitted = missing("fig05-probe");
    const fitted: Remembered[] = [];
    for (const { tap, reading, used, facts } of wanted) {
      fitted.push(
        await context.remember(used, { kind: "fig05-probe", ...facts }, async (meter) => {
          const features = await fitting.get(tap.name, unfitted, meter);
          const reduced =
            reading === "certified-l2" && reducible(tap.name)
              ? await meter.phase("activations", () =>
                  reducedFeatures(context.runtime, parameters, data, settings.rows, tap.name, forwardOf(context)),
                )
              : undefined;
          const { maps } = tap;
          const coarse = maps && ((side: number) => coarseFeatures(context.runtime, features, maps, side));
          const given = { ...features, ...(reduced && { reduced }), ...(coarse && { coarse }) };
          const forget =
            reading === "early-stopping"
              ? knowConvolution(context.runtime, parameters, data, settings.rows, tap.name, features.train.features)
              : undefined;
          try {
            const { probe, cells } = await meter.phase("probes", () =>
              readTap(reading, tap.name, given, settings, context),
            );
            return { json: { ...cells }, arrays: { weights: probe.weights, bias: probe.bias } };
          } finally {
            reduced?.release();
            forget?.();
          }
        }),
      );
      if (reading === protocols.at(-1)) fitting.release(tap.name);
    }
    const untested = missing("fig05-test");
    const rows: Row[] = [];
    for (const [at, { tap, reading, used, facts }] of wanted.entries()) {
      const { json: cells, arrays } = fitted[at]!;
      const { json: scores } = await context.remember(used, { kind: "fig05-test", ...facts }, async (meter) => {
        const { test } = await testing.get(tap.name, untested, meter);
        const scores = await meter.phase("probes", () =>
          evaluateOnTest(context.runtime, storedProbe(arrays, tap), test),
        );
        return { json: { testError: scores.error } };
      });
      if (reading === protocols.at(-1)) testing.release(tap.name);
      const { name, depth, features } = tap;
      const epoch = epochOf(step, settings);
      const place =
        reading === "network"
          ? { kind: "model", step, epoch }
          : { kind: "probe", step, epoch, tap: name, depth, features, protocol: reading };
      rows.push({ ...place, ...rowSchema.parse(cells), ...rowSchema.parse(scores) });
    }
    return { dataset: data.record, rows };
  } finally {
    fitting.releaseAll();
    testing.releaseAll();
  }
}

/** A probe's place in the store: all that it depends on, besides code. */
function probeOf(
  tap: Tap,
  reading: Reading,
  parameters: Parameters,
  data: Digits,
  settings: Settings,
  context: TaskContext,
) {
  const options = { "early-stopping": settings.earlyStopping, "certified-l2": settings.certified, network: {} };
  return {
    tap,
    reading,
    used: [
      stages.kernels,
      stages.activations,
      ...(reducible(tap.name) ? [stages.affine] : reading === "certified-l2" ? [stages.coarse] : []),
      ...(reading === "network" ? [] : [stages[reading]]),
    ],
    facts: {
      protocol: reading,
      tap: tap.name,
      // The input is the same whatever the network.
      network: tap.depth === 0 ? "any" : parametersHash(parameters),
      data: data.record.sha256,
      rows: settings.rows,
      options: options[reading],
      stream: context.stream.path,
    },
  };
}

function storedProbe(arrays: Entry["arrays"], { features: cols }: Tap): LinearProbe {
  const { weights, bias } = arrays;
  if (!(weights instanceof Float64Array && bias instanceof Float64Array))
    return reject("stored probe", "must hold weights and bias", Object.keys(arrays).join());
  return { classes: bias.length, cols, weights, bias };
}

/** A probe and its cells; for the network's own answer the probe that repeats its logits. */
function readTap(
  reading: Reading,
  tap: string,
  features: FittingRows,
  settings: Settings,
  context: TaskContext,
): FittedProbe | { readonly probe: LinearProbe; readonly cells: Row } {
  if (reading === "network") {
    const probe = identityProbe(features.validation.classes);
    return {
      probe,
      cells: { validationError: evaluateOnValidation(context.runtime, probe, features.validation).error },
    };
  }
  return fitProbe(reading, tap, features, settings, context);
}

function fitProbe(
  protocol: Fig05Protocol,
  tap: string,
  features: FittingRows,
  settings: Settings,
  context: TaskContext,
): FittedProbe {
  const stream = context.stream.split("probes").split(tap).split(protocol);
  const hooks = {
    watch: () => {
      context.stop.check();
      return undefined;
    },
  };
  const start = context.seconds();
  const fitted =
    protocol === "early-stopping"
      ? earlyStoppedProbe(context.runtime, features, stream, settings.earlyStopping, hooks)
      : certifiedProbe(context.runtime, features, stream, settings.certified, hooks);
  const { validationError, passes } = fitted.cells;
  const seconds = context.seconds() - start;
  const said = `validation error ${(100 * validationError).toFixed(2)} %, ${passes.toFixed(1)} passes`;
  if (seconds > 2) context.log(`${tap}, ${protocol}: ${said}, ${seconds.toFixed(1)} s`);
  return fitted;
}

function forwardOf({ runtime, stop }: TaskContext) {
  return { threads: runtime.threads, stop };
}

function epochOf(step: number, { rows }: Settings): number {
  return Math.round((step * mnistConvnet.training.batch) / (rows.train - rows.heldOut));
}
