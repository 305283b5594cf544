/**
 * @file One deep network of figures 7 and 8: its training, and probes at the steps asked for (its frames). What is in the
 * store is not made again: probes of a frame, parameters at a frame, and the last state of an unfinished training.
 */
import type { LinearProbe, Row, Scores } from "@linear-probes/core";
import type { Parameters } from "@linear-probes/models";
import { z } from "zod";
import type { Stages, TaskContext } from "./experiment.ts";
import type { Meter } from "./ledger.ts";
import { rowSchema } from "./results.ts";
import { type Checkpoints, createCheckpoints } from "./parts/checkpoints.ts";
import { type DeepForward, eachLayer, ownAnswer } from "./stages/deep-activations.ts";
import { createDeepTrainer, type DeepDigits, type NetworkSettings } from "./stages/deep-network.ts";
import {
  certifiedDeepProbe,
  type DeepCertifiedSettings,
  type DeepRmspropSettings,
  type FittedProbe,
  rmspropDeepProbe,
} from "./stages/deep-probes.ts";
import { carriedStart, type SampledLogits, sampledLogits } from "./stages/carried-start.ts";
import { onStandardized, warmStart } from "./stages/warm-start.ts";
import type { StoredArray } from "./stored-value.ts";

type Protocol = "certified-standardized" | "rmsprop-raw";

/** What is measured of a network, and after how many steps. */
export type Frames = {
  readonly name: string;
  readonly steps: readonly number[];
  readonly images: number; // that probes are fitted to: the first training images
  readonly layers: readonly number[];
  readonly protocols: readonly Protocol[];
  /** Start each certified probe from the one of the frame before. */
  readonly warm: boolean;
  readonly certified: DeepCertifiedSettings;
  readonly rmsprop: DeepRmspropSettings;
};

export type DeepRun = {
  readonly variant: string;
  readonly replica: number; // each has its own weights and its own order of images
  readonly network: NetworkSettings;
  /** Steps whose parameters are kept, in order; the last is where training ends. */
  readonly kept: readonly number[];
  /** Those with the network's last layer also say how often the network itself is wrong. */
  readonly frames: readonly Frames[];
};

export const deepStages = {
  kernels: new URL("stages/kernels.ts", import.meta.url),
  training: new URL("stages/deep-network.ts", import.meta.url),
  activations: new URL("stages/deep-activations.ts", import.meta.url),
  probes: new URL("stages/deep-probes.ts", import.meta.url),
  "carried-start": new URL("stages/carried-start.ts", import.meta.url),
  "warm-start": new URL("stages/warm-start.ts", import.meta.url),
};

export const LAYERS_AT_ONCE = 43; // 1.3 GB of features for 60,000 images and 128 units
const KEEP_EVERY = 250; // steps
/** A start from the layer below saves a quarter of a fit of 6,000 images; of fewer than these it was not tried. */
const CARRIED_IMAGES = 5000;
const OWN_ANSWER_IMAGES = 10_000;

/** Trains the network and leaves its parameters at the steps that are kept in the store. */
export async function trainDeep(run: DeepRun, digits: DeepDigits, context: TaskContext): Promise<void> {
  const networks = createNetworks(run, digits, context);
  try {
    const facts = { kind: "deep-training", ...networks.facts, kept: run.kept };
    await context.remember([deepStages.training], facts, async (meter) => {
      for (const step of run.kept) await networks.at(step, meter);
      return { json: null };
    });
    networks.finish();
  } finally {
    await networks.dispose();
  }
}

/** The rows of all frames; trains the network where that was not done. */
export async function runDeep(run: DeepRun, digits: DeepDigits, context: TaskContext): Promise<readonly Row[]> {
  const networks = createNetworks(run, digits, context);
  try {
    const rows: Row[] = [];
    const warm = new Map<string, ReadonlyMap<number, LinearProbe>>();
    for (const { frames, step } of inOrder(run.frames)) {
      const place = { variant: run.variant, replica: run.replica, frames: frames.name, step };
      const found = await probesAt({ run, frames, step, digits, networks, context, warm });
      const own = found.find((one) => one.own !== null)?.own;
      if (own) rows.push({ ...place, kind: "model", ...ownRow(own, digits, frames.images) });
      for (const { protocol, cells, probes } of found) {
        rows.push(...cells.map((row) => ({ ...place, kind: "probe", protocol, ...row })));
        if (frames.warm && protocol === "certified-standardized") warm.set(frames.name, probes);
      }
    }
    // Else another task may still be training it.
    if (run.frames.some(({ steps }) => steps.includes(Math.max(...run.kept)))) networks.finish();
    return rows;
  } finally {
    await networks.dispose();
  }
}

/** By step, so that a network is trained once. */
function inOrder(all: readonly Frames[]) {
  return all.flatMap((frames) => frames.steps.map((step) => ({ frames, step }))).sort((a, b) => a.step - b.step);
}

interface Networks extends Checkpoints {
  readonly facts: Readonly<Record<string, string | number | NetworkSettings>>;
}

function createNetworks({ network, replica, kept }: DeepRun, digits: DeepDigits, context: TaskContext): Networks {
  const stream = context.stream.split(`replica-${replica}`);
  const facts = { network, data: digits.record.sha256, images: digits.labels.length, stream: stream.path };
  const checkpoints = createCheckpoints(
    {
      used: [deepStages.training],
      name: "deep",
      facts,
      kept,
      last: Math.max(...kept),
      keepEvery: KEEP_EVERY,
      createTrainer: (running) => createDeepTrainer(network, digits, { ...running, stream }),
    },
    context,
  );
  return { facts, ...checkpoints };
}

function ownRow({ error, loss, rows }: Scores, digits: DeepDigits, images: number): Row {
  return { trainError: error, trainLoss: loss, rows, majorityError: majorityError(digits, images) };
}

/** The error, on the images that probes are fitted to, of always answering the most frequent digit. */
function majorityError({ labels, classes }: DeepDigits, images: number): number {
  const counts = new Float64Array(classes);
  for (const label of labels.subarray(0, images)) counts[label]! += 1;
  return 1 - Math.max(...counts) / Math.min(images, labels.length);
}

function forwardOf(
  run: DeepRun,
  parameters: Parameters,
  digits: DeepDigits,
  rows: number,
  context: TaskContext,
): DeepForward {
  return { network: run.network, parameters, digits, rows, threads: context.runtime.threads, stop: context.stop };
}

interface FrameJob {
  readonly run: DeepRun;
  readonly frames: Frames;
  readonly step: number;
  readonly digits: DeepDigits;
  readonly networks: Networks;
  readonly context: TaskContext;
  readonly warm: ReadonlyMap<string, ReadonlyMap<number, LinearProbe>>;
}

interface Fits {
  readonly probes: ReadonlyMap<Protocol, readonly FittedProbe[]>;
  readonly own: Scores | undefined;
}

const storedSchema = z.object({
  cells: z.array(rowSchema),
  own: z.object({ error: z.number(), loss: z.number(), rows: z.number() }).nullable(),
});

/** The probes of one frame, each protocol stored by itself; the layers are made once for those that are missing. */
async function probesAt(job: FrameJob) {
  const { run, frames, step, networks, context } = job;
  const before = frames.steps[frames.steps.indexOf(step) - 1];
  const wanted = frames.protocols.map((protocol) => ({
    protocol,
    facts: {
      kind: "deep-probes",
      protocol,
      step,
      ...networks.facts,
      probed: frames.images,
      layers: frames.layers,
      options: protocol === "rmsprop-raw" ? frames.rmsprop : frames.certified,
      warmFrom: frames.warm && protocol !== "rmsprop-raw" ? frames.steps.slice(0, frames.steps.indexOf(step)) : [],
    },
  }));
  const used = stagesOf(frames);
  const missing = wanted.filter(({ facts }) => context.recall(used, facts) === undefined);
  let made: Fits | undefined;
  const found: (z.infer<typeof storedSchema> & { protocol: Protocol; probes: ReadonlyMap<number, LinearProbe> })[] = [];
  for (const { protocol, facts } of wanted) {
    const { json, arrays } = await context.remember(used, facts, async (meter) => {
      made ??= await fitLayers(
        job,
        missing.map((one) => one.protocol),
        meter,
      );
      const fits = made.probes.get(protocol) ?? [];
      const probes = frames.warm && protocol === "certified-standardized" ? probeArrays(fits) : {};
      const cells = fits.map((fitted) => ({ ...fitted.cells }));
      return { json: { cells, own: made.own === undefined ? null : { ...made.own } }, arrays: probes };
    });
    found.push({ protocol, ...storedSchema.parse(json), probes: probesOf(arrays, job.digits.classes) });
  }
  if (made !== undefined) {
    const after = before === undefined ? "" : `, after the frame at step ${before}`;
    context.log(`${run.variant} ${run.replica}: ${frames.name}, probes at step ${step}${after}`);
  }
  return found;
}

function stagesOf(frames: Frames): Stages {
  const { "warm-start": warm, "carried-start": carried, ...all } = deepStages;
  return [...Object.values(all), frames.warm ? warm : carried];
}

async function fitLayers(job: FrameJob, protocols: readonly Protocol[], meter: Meter): Promise<Fits> {
  const { run, frames, step, digits, networks, context, warm } = job;
  const { runtime } = context;
  const parameters = await networks.at(step, meter);
  const forward = forwardOf(run, parameters, digits, frames.images, context);
  const made = new Map(protocols.map((protocol) => [protocol, [] as FittedProbe[]] as const));
  // Of no step: what is the same after any number of steps, the input, is to be probed in the same way.
  const stream = context.stream.split(`replica-${run.replica}`).split("probes");
  let probing = 0;
  let answer: Scores | undefined;
  let below: (SampledLogits & { readonly layer: number }) | undefined; // of the certified probe before
  await meter.phase("activations and probes", () =>
    eachLayer(runtime, forward, frames.layers, LAYERS_AT_ONCE, (features) => {
      probing += 1;
      const own = stream.split(`layer-${features.layer}`);
      const { layer, train } = features;
      if (layer === run.network.depth)
        answer = ownAnswer(runtime, features, parameters, Math.min(OWN_ANSWER_IMAGES, frames.images));
      const earlier = warmStart(runtime, features, warm.get(frames.name)?.get(layer));
      const carried = below?.layer === layer - 1 ? carriedStart(runtime, train.features, below) : undefined;
      for (const [protocol, fits] of made) {
        const fitted =
          protocol === "rmsprop-raw"
            ? rmspropDeepProbe(runtime, features, own.split(protocol), frames.rmsprop)
            : certifiedDeepProbe(runtime, features, own.split(protocol), frames.certified, { earlier, carried });
        fits.push({ ...fitted, probe: onStandardized(fitted.probe, train.features) });
        if (protocol === "certified-standardized" && !frames.warm && frames.images >= CARRIED_IMAGES)
          below = { layer, ...sampledLogits(train.features, fitted.probe) };
      }
      if (probing % 20 === 0) context.log(`step ${step}, ${probing} of ${frames.layers.length} layers probed`);
    }),
  );
  return { probes: made, own: answer };
}

function probeArrays(fits: readonly FittedProbe[]): Record<string, StoredArray> {
  return Object.fromEntries(
    fits.flatMap(({ cells, probe }) => [
      [`${cells.layer}/weights`, probe.weights],
      [`${cells.layer}/bias`, probe.bias],
    ]),
  );
}

function probesOf(arrays: Readonly<Record<string, StoredArray>>, classes: number): ReadonlyMap<number, LinearProbe> {
  return new Map(
    Object.entries(arrays).flatMap(([name, weights]) => {
      const [layer, part] = name.split("/");
      const bias = arrays[`${layer}/bias`];
      if (part !== "weights" || !(weights instanceof Float64Array && bias instanceof Float64Array)) return [];
      return [[Number(layer), { classes, cols: weights.length / classes, weights, bias }] as const];
    }),
  );
}
