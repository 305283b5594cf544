/**
 * @file Figure 8: a network of 128 layers whose layer 64 reads the input besides layer 63, probed at every layer on its
 * training error after 0, 500 and 2000 steps. The paper's plateaus at 0.889 are the error of always answering "1", so of
 * probes that learned a bias and nothing else: each layer is therefore probed twice, to a certified optimum on
 * standardised features, and the paper's way, RMSProp on raw features for a fixed number of epochs.
 */
import { defineExperiment } from "../experiment.ts";
import { deepStages, type Frames } from "../deep-run.ts";
import { animation, comparedLayers, deepProbes, upTo } from "../deep-settings.ts";
import { type DeepTask, deepTasks, runDeepTask } from "../deep-tasks.ts";
import { deepDigits, type NetworkSettings } from "../stages/deep-network.ts";

type Settings = {
  readonly images: number; // that the network trains on
  readonly network: NetworkSettings;
  readonly shown: Frames; // of the first network
  readonly animation: Frames; // likewise
  readonly replicas: Frames; // of every network
  readonly replicaCount: number;
};

const common = { ...deepProbes, warm: false };

const paper: Settings = {
  images: 60_000,
  network: { depth: 128, width: 128, auxEvery: 0, skipTo: 64 },
  shown: {
    ...common,
    rmsprop: { ...deepProbes.rmsprop, epochs: 6 },
    name: "shown",
    steps: [0, 500, 2000],
    images: 30_000,
    layers: upTo(128, 1),
    protocols: ["certified-standardized", "rmsprop-raw"],
  },
  animation: animation(2000, 41),
  replicas: {
    ...common,
    name: "replicas",
    steps: [600],
    images: 10_000,
    layers: comparedLayers,
    protocols: ["certified-standardized"],
  },
  replicaCount: 5,
};

export default defineExperiment<Settings, DeepTask>({
  id: "fig08-skip-connection",
  title: "a deep network with a skip connection",
  source: "Alain & Bengio 2016, figure 8",
  replayLevel: "bitwise-one-machine",
  parallelism: "tasks",
  profiles: {
    smoke: {
      images: 1000,
      network: { depth: 8, width: 16, auxEvery: 0, skipTo: 4 },
      shown: { ...paper.shown, steps: [0, 20], images: 500, layers: upTo(8, 2) },
      animation: { ...paper.animation, steps: [0, 10, 20], images: 300, layers: upTo(8, 4) },
      replicas: { ...paper.replicas, steps: [20], images: 500, layers: upTo(8, 2) },
      replicaCount: 2,
    },
    quick: {
      ...paper,
      images: 12_000,
      shown: { ...paper.shown, steps: [0, 250], images: 4000, layers: comparedLayers },
      animation: { ...paper.animation, steps: [0, 50, 100, 150, 200, 250], images: 2000, layers: upTo(128, 16) },
      replicas: { ...paper.replicas, steps: [250], images: 4000 },
      replicaCount: 1,
    },
    paper,
  },
  stages: deepStages,
  goldenTolerance: { trainError: 0.05, trainLoss: 0.1, objective: 0.1, gapNats: 0.05, relativeGap: 1, passes: 300 },
  tasks: ({ network, shown, animation, replicas, replicaCount }) =>
    deepTasks(
      Array.from({ length: replicaCount }, (_, replica) => ({
        variant: "skip",
        replica,
        network,
        // The animation first: its frames follow one another.
        frames: replica === 0 ? [animation, shown, replicas] : [replicas],
      })),
    ),
  async run(task, { images }, context) {
    const digits = await deepDigits(context, images);
    return { dataset: digits.record, rows: await runDeepTask(task, digits, context) };
  },
});
