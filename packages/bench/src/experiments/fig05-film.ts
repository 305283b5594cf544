/**
 * @file The film of figure 5: the ten taps of the convnet at some forty moments of its training, by certified probes, each
 * started from the one of the frame before. The network is figure 5's own: its training leaves the film's frames behind.
 *
 * The probes see fewer images than figure 5's, and one strength of the penalty serves all frames: of 1e-3, 1e-4 and 1e-5
 * the one with the least validation error at most taps, before training and after 400 steps. No test image was looked at.
 */
import { type LinearProbe, type Row, reject } from "@linear-probes/core";
import { mnistConvnet } from "@linear-probes/models";
import { z } from "zod";
import { type ConvnetRun, convnetRuns } from "../convnet-settings.ts";
import { defineExperiment, type TaskContext, type TaskLabel } from "../experiment.ts";
import { filmedNetwork } from "../parts/trained-network.ts";
import { rowSchema } from "../results.ts";
import { convnetTaps } from "../stages/convnet-activations.ts";
import { type Digits, digits } from "../stages/convnet-data.ts";
import { filmDigits, filmFrame, type FilmSettings } from "../stages/convnet-film.ts";
import type { Remembered } from "../store.ts";
import type { StoredArray } from "../stored-value.ts";

type Settings = ConvnetRun & { readonly film: FilmSettings };

const film: FilmSettings = {
  images: 2000,
  testImages: 2000,
  reducer: "random:1000",
  strength: 1e-5,
  relativeGap: 1e-2,
  passes: 300,
};

const stages = {
  kernels: new URL("../stages/kernels.ts", import.meta.url),
  data: new URL("../stages/convnet-data.ts", import.meta.url),
  training: new URL("../stages/convnet-training.ts", import.meta.url),
  film: new URL("../stages/convnet-film.ts", import.meta.url),
};

/** A frame, and some of its taps; before the first frames the networks are trained, where figure 5 has not done so. */
type Task = TaskLabel &
  ({ readonly kind: "training" } | { readonly kind: "probes"; readonly frame: number; readonly strand: number });

/** Taps whose frames follow one another on a thread of their own: about as much work in each. */
const strands = [convnetTaps.slice(0, 5), convnetTaps.slice(5)] as const;

export default defineExperiment<Settings, Task>({
  id: "fig05-film",
  title: "probes on a convnet while it trains",
  source: "Alain & Bengio 2016, section 3.4, the video of figure 5",
  replayLevel: "bitwise-one-machine",
  parallelism: "tasks",
  streamsOf: "fig05-mnist-convnet",
  profiles: {
    smoke: { ...convnetRuns.smoke, film: { ...film, images: 200, testImages: 200 } },
    quick: { ...convnetRuns.quick, film: { ...film, images: 1500, testImages: 1500 } },
    paper: { ...convnetRuns.paper, film },
  },
  stages,
  goldenTolerance: {
    testError: 0.04,
    trainError: 0.04,
    trainLoss: 0.1,
    l2: 1,
    gapNats: Infinity,
    relativeGap: Infinity,
    pulledBackPenalty: Infinity,
    passes: 10,
    status: Infinity,
    certified: Infinity,
  },
  tasks: ({ filmSteps }) => [
    { kind: "training", label: "the networks", weight: 1 },
    ...filmSteps.flatMap((step, frame) =>
      strands.map((taps, strand) => ({
        kind: "probes" as const,
        label: `the frame at step ${step}, ${taps[0]?.name} to ${taps.at(-1)?.name}`,
        weight: 1,
        after: [frame === 0 ? 0 : 1 + strands.length * (frame - 1) + strand],
        frame,
        strand,
      })),
    ),
  ],
  async run(task, settings, context) {
    const data = await digits(context, settings.rows);
    if (task.kind === "training") {
      await trainAll(data, settings, context);
      return { dataset: data.record, rows: [] };
    }
    const { frame, strand } = task;
    const step = stepOf(frame, settings);
    const { testImages } = settings.film;
    const place = {
      kind: "probe",
      step,
      epoch: epochOf(step, settings),
      protocol: "certified-film",
      majorityError: majorityError(data.labels.train, data.labels.test.subarray(0, testImages), data.classes),
    };
    // The input is the same at all steps, and so is the probe on it.
    const [first, own] = [await frameAt(0, strand, settings, context), await frameAt(frame, strand, settings, context)];
    const found = new Map([...cellsOf(first), ...cellsOf(own)]);
    const rows = tapsOf(strand).map(({ name, depth, features }): Row => {
      const cells = found.get(name) ?? reject("frame", "must have every tap", name);
      return { ...place, tap: name, depth, features, rows: settings.film.images, ...cells };
    });
    return { dataset: data.record, rows };
  },
});

/** Sees to it that the networks are in the store: who gets to the last frame leaves all behind. All other tasks wait, so it may use all threads. */
async function trainAll(data: Digits, settings: Settings, context: TaskContext): Promise<void> {
  const facts = {
    kind: "fig05-film-networks",
    steps: settings.filmSteps,
    data: data.record.sha256,
    rows: settings.rows,
  };
  await context.remember([stages.training], { ...facts, stream: context.stream.path }, async (meter) => {
    const options = { ...settings, stage: stages.training, threads: context.threads };
    await filmedNetwork(Math.max(...settings.filmSteps), data, options, context, meter);
    return { json: null };
  });
}

function tapsOf(strand: number) {
  return strands[strand] ?? reject("strand", `must be one of ${strands.length}`, strand);
}

/** The error on test images of always answering the most frequent digit of the training images. */
function majorityError(train: Int32Array, test: Int32Array, classes: number): number {
  const counts = new Float64Array(classes);
  for (const label of train) counts[label]! += 1;
  const answer = counts.indexOf(Math.max(...counts));
  return test.filter((label) => label !== answer).length / test.length;
}

function stepOf(frame: number, { filmSteps }: Settings): number {
  return filmSteps[frame] ?? reject("frame", `must be one of ${filmSteps.length}`, frame);
}

function epochOf(step: number, { rows }: Settings): number {
  return (step * mnistConvnet.training.batch) / (rows.train - rows.heldOut);
}

/** The probes of a frame, out of the store or fitted; the frames before it are made first where they are missing. */
async function frameAt(frame: number, strand: number, settings: Settings, context: TaskContext): Promise<Remembered> {
  const data = await digits(context, settings.rows);
  const taps = tapsOf(strand)
    .filter(({ depth }) => depth > 0 || frame === 0)
    .map(({ name }) => name);
  const used = [stages.kernels, stages.training, stages.film];
  const facts = {
    kind: "fig05-film-frame",
    steps: settings.filmSteps.slice(0, frame + 1), // every frame depends on those before it
    taps,
    data: data.record.sha256,
    rows: settings.rows,
    options: settings.film,
    stream: context.stream.path,
  };
  return context.remember(used, facts, async (meter) => {
    const before =
      frame === 0
        ? new Map<string, LinearProbe>()
        : probesOf((await frameAt(frame - 1, strand, settings, context)).arrays, data.classes);
    const step = stepOf(frame, settings);
    const parameters = await filmedNetwork(step, data, { ...settings, stage: stages.training }, context, meter);
    const probes = await meter.phase("activations and probes", () =>
      filmFrame(context.runtime, {
        parameters,
        digits: filmDigits(data, settings.rows, settings.film),
        taps,
        before,
        settings: settings.film,
        stream: context.stream.split("film"),
        threads: context.runtime.threads,
        stop: context.stop,
      }),
    );
    return {
      json: probes.map(({ tap, cells }) => ({ tap, ...cells })),
      arrays: Object.fromEntries(
        probes.flatMap(({ tap, probe }) => [
          [`${tap}/weights`, Float32Array.from(probe.weights)], // half the room, and near enough for a start
          [`${tap}/bias`, Float32Array.from(probe.bias)],
        ]),
      ),
    };
  });
}

function cellsOf({ json }: Remembered): ReadonlyMap<string, Row> {
  return new Map(
    z
      .array(rowSchema)
      .parse(json)
      .map(({ tap, ...cells }) => [String(tap), cells] as const),
  );
}

function probesOf(arrays: Readonly<Record<string, StoredArray>>, classes: number): ReadonlyMap<string, LinearProbe> {
  return new Map(
    Object.entries(arrays).flatMap(([name, weights]) => {
      const [tap = "", part] = name.split("/");
      const bias = arrays[`${tap}/bias`];
      if (part !== "weights" || bias === undefined) return [];
      const probe = {
        classes,
        cols: weights.length / classes,
        weights: Float64Array.from(weights),
        bias: Float64Array.from(bias),
      };
      return [[tap, probe] as const];
    }),
  );
}
