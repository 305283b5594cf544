/**
 * @file Figure 7: 128 layers that train with an auxiliary classifier at every 16th and do not train without, probed at
 * every layer on the training error. Both networks of a replica start from the same weights and see the same batches.
 * Which three moments the paper shows is not known; 0, 500 and 5000 steps are believed.
 *
 * The control without auxiliary losses is probed at the end of 2000 steps; further replicas of both, at fewer layers and
 * on fewer images, after 600.
 */
import { defineExperiment } from "../experiment.ts";
import { deepStages, type Frames } from "../deep-run.ts";
import { animation, comparedLayers, deepProbes, depthSweep, upTo } from "../deep-settings.ts";
import { type DeepTask, deepTasks, runDeepTask } from "../deep-tasks.ts";
import { deepDigits, type NetworkSettings } from "../stages/deep-network.ts";

type Settings = {
  readonly images: number; // that the network trains on
  readonly networks: { readonly auxiliary: NetworkSettings; readonly plain: NetworkSettings };
  readonly shown: Frames; // of the first network with auxiliary losses
  readonly control: Frames; // of the first network without
  readonly animation: Frames; // of the first network with auxiliary losses
  readonly replicas: Frames; // of every network
  readonly replicaCount: number;
  /** After how many steps the depth sweep looks at how many of these networks. */
  readonly sweep: { readonly steps: number; readonly replicas: number };
};

const common = { ...deepProbes, warm: false };

const paper: Settings = {
  images: 60_000,
  networks: {
    auxiliary: { depth: 128, width: 128, auxEvery: 16, skipTo: 0 },
    plain: { depth: 128, width: 128, auxEvery: 0, skipTo: 0 },
  },
  shown: {
    ...common,
    rmsprop: { ...deepProbes.rmsprop, epochs: 9 },
    name: "shown",
    steps: [0, 500, 5000],
    images: 20_000,
    layers: upTo(128, 1),
    protocols: ["certified-standardized", "rmsprop-raw"],
  },
  control: {
    ...common,
    rmsprop: { ...deepProbes.rmsprop, epochs: 18 },
    name: "control",
    steps: [2000],
    images: 10_000,
    layers: upTo(128, 1),
    protocols: ["certified-standardized", "rmsprop-raw"],
  },
  animation: animation(5000, 41),
  replicas: {
    ...common,
    name: "replicas",
    steps: [600],
    images: 10_000,
    layers: comparedLayers,
    protocols: ["certified-standardized"],
  },
  replicaCount: 5,
  sweep: depthSweep.paper,
};

export default defineExperiment<Settings, DeepTask>({
  id: "fig07-auxiliary-losses",
  title: "a deep network with and without auxiliary losses",
  source: "Alain & Bengio 2016, figure 7",
  replayLevel: "bitwise-one-machine",
  parallelism: "tasks",
  profiles: {
    smoke: {
      images: 1000,
      networks: {
        auxiliary: { depth: 8, width: 16, auxEvery: 4, skipTo: 0 },
        plain: { depth: 8, width: 16, auxEvery: 0, skipTo: 0 },
      },
      shown: { ...paper.shown, steps: [0, 20], images: 500, layers: upTo(8, 2) },
      control: { ...paper.control, steps: [20], images: 500, layers: upTo(8, 2) },
      animation: { ...paper.animation, steps: [0, 10, 20], images: 300, layers: upTo(8, 4) },
      replicas: { ...paper.replicas, steps: [20], images: 500, layers: upTo(8, 2) },
      replicaCount: 2,
      sweep: { ...depthSweep.smoke, replicas: 0 }, // of other depths
    },
    quick: {
      ...paper,
      images: 12_000,
      shown: { ...paper.shown, steps: [0, 250], images: 4000, layers: comparedLayers },
      control: { ...paper.control, steps: [250], images: 4000, layers: comparedLayers },
      animation: { ...paper.animation, steps: [0, 50, 100, 150, 200, 250], images: 2000, layers: upTo(128, 16) },
      replicas: { ...paper.replicas, steps: [250], images: 4000 },
      replicaCount: 1,
      sweep: depthSweep.quick,
    },
    paper,
  },
  stages: deepStages,
  goldenTolerance: { trainError: 0.05, trainLoss: 0.1, objective: 0.1, gapNats: 0.05, relativeGap: 1, passes: 300 },
  tasks: ({ networks, shown, control, animation, replicas, replicaCount, sweep }) =>
    deepTasks(
      Array.from({ length: replicaCount }, (_, replica) => {
        // The animation first: its frames follow one another.
        const [own, plain] =
          replica === 0
            ? [
                [animation, shown, replicas],
                [control, replicas],
              ]
            : [[replicas], [replicas]];
        const alsoKept = replica < sweep.replicas ? [sweep.steps] : [];
        return [
          { variant: "auxiliary", replica, network: networks.auxiliary, frames: own, alsoKept },
          { variant: "plain", replica, network: networks.plain, frames: plain, alsoKept },
        ];
      }).flat(),
    ),
  async run(task, { images }, context) {
    const digits = await deepDigits(context, images);
    return { dataset: digits.record, rows: await runDeepTask(task, digits, context) };
  },
});
