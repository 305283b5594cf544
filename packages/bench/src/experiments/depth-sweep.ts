/**
 * @file At which depth does plain training break down? Networks of growing depth, with and without auxiliary losses, after
 * the same number of steps; the paper says that things start to break down at 64 layers (section 3.4). Those of 128 layers
 * are the first of figure 7's.
 */
import { defineExperiment } from "../experiment.ts";
import { type DeepRun, deepStages, type Frames, runDeep } from "../deep-run.ts";
import { deepProbes, depthSweep } from "../deep-settings.ts";
import { deepDigits } from "../stages/deep-network.ts";

type Settings = {
  readonly images: number; // that the networks train on
  readonly depths: readonly number[];
  readonly width: number;
  readonly auxEvery: number;
  readonly replicaCount: number; // of each kind and depth
  readonly end: Omit<Frames, "layers">; // the last layer is probed
};

const paper: Settings = {
  images: 60_000,
  depths: [8, 16, 32, 48, 64, 96, 128],
  width: 128,
  auxEvery: 16,
  replicaCount: depthSweep.paper.replicas,
  end: {
    ...deepProbes,
    name: "end",
    steps: [depthSweep.paper.steps],
    images: 10_000,
    protocols: ["certified-standardized"],
    warm: false,
  },
};

interface Task {
  readonly label: string;
  readonly weight: number;
  readonly run: DeepRun;
}

export default defineExperiment<Settings, Task>({
  id: "depth-sweep",
  title: "the depth at which plain training breaks down",
  source: "Alain & Bengio 2016, section 3.4",
  replayLevel: "bitwise-one-machine",
  parallelism: "tasks",
  streamsOf: "fig07-auxiliary-losses", // whose networks of 128 layers are these
  profiles: {
    smoke: {
      ...paper,
      images: 1000,
      depths: [2, 4],
      width: 16,
      auxEvery: 2,
      replicaCount: depthSweep.smoke.replicas,
      end: { ...paper.end, steps: [depthSweep.smoke.steps], images: 500 },
    },
    quick: {
      ...paper,
      images: 12_000,
      depths: [16, 64, 128],
      replicaCount: depthSweep.quick.replicas,
      end: { ...paper.end, steps: [depthSweep.quick.steps], images: 4000 },
    },
    paper,
  },
  stages: deepStages,
  goldenTolerance: { trainError: 0.05, trainLoss: 0.1, objective: 0.1, gapNats: 0.05, relativeGap: 1, passes: 300 },
  // The deepest first, so that no worker is left with a long task at the end.
  tasks: ({ depths, width, auxEvery, replicaCount, end }) =>
    depths.toReversed().flatMap((depth) =>
      [0, auxEvery].flatMap((every) =>
        Array.from({ length: replicaCount }, (_, replica) => ({
          label: `${depth} layers, ${every === 0 ? "plain" : "auxiliary losses"}, ${replica}`,
          weight: depth,
          run: {
            variant: every === 0 ? "plain" : "auxiliary",
            replica,
            network: { depth, width, auxEvery: every, skipTo: 0 },
            kept: end.steps,
            frames: [{ ...end, layers: [depth] }],
          },
        })),
      ),
    ),
  async run({ run }, { images }, context) {
    const digits = await deepDigits(context, images);
    const { depth } = run.network;
    const rows = await runDeep(run, digits, context);
    return { dataset: digits.record, rows: rows.map((row) => ({ depth, ...row })) };
  },
});
