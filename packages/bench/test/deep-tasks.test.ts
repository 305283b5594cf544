import { expect, test } from "vitest";
import { z } from "zod";
import { deepProbes } from "../src/deep-settings.ts";
import { deepTasks, type NetworkPlan } from "../src/deep-tasks.ts";
import depthSweep from "../src/experiments/depth-sweep.ts";
import fig07 from "../src/experiments/fig07-auxiliary-losses.ts";

const plan = (replica: number): NetworkPlan => {
  const frames = { ...deepProbes, images: 100, protocols: ["certified-standardized"] } as const;
  return {
    variant: "plain",
    replica,
    network: { depth: 8, width: 16, auxEvery: 0, skipTo: 0 },
    frames: [
      { ...frames, name: "shown", steps: [0, 20], layers: [0, 4, 8], warm: false },
      { ...frames, name: "animation", steps: [0, 10, 20], layers: [0, 8], warm: true },
    ],
  };
};

test("networks are trained first; only probes of an untrained one wait for nothing", () => {
  const tasks = deepTasks([plan(0), plan(1)]);
  expect(tasks.map(({ kind }) => kind).slice(0, 3)).toEqual(["training", "training", "probes"]);
  const probes = tasks.filter(({ kind }) => kind === "probes");
  expect(probes.length).toBe(2 * (2 * 2 + 1)); // of each network: two steps shown, each in two parts; an animation
  for (const { after, run } of probes) {
    const untrained = run.frames.every(({ steps }) => steps.every((step) => step === 0));
    expect(after).toEqual(untrained ? [] : [run.replica]);
  }
  expect(probes.filter(({ after }) => after?.length === 0).length).toBe(2 * 2);
});

test("parameters are kept at the steps of all frames and where others look", () => {
  const [training] = deepTasks([{ ...plan(0), alsoKept: [15, 20] }]);
  expect(training?.run.kept).toEqual([0, 10, 15, 20]);
});

const network = z.object({ depth: z.number(), width: z.number(), auxEvery: z.number(), skipTo: z.number() });
const figureSettings = z.object({
  images: z.number(),
  networks: z.object({ auxiliary: network, plain: network }),
  sweep: z.object({ steps: z.number(), replicas: z.number() }),
});
const sweepSettings = z.object({
  images: z.number(),
  depths: z.array(z.number()),
  width: z.number(),
  auxEvery: z.number(),
  replicaCount: z.number(),
  end: z.object({ steps: z.array(z.number()) }),
});

test.each(["quick", "paper"] as const)("the sweep's deepest networks are figure 7's, in %s", (profile) => {
  const { images, networks, sweep } = figureSettings.parse(fig07.settings(profile));
  const { depths, width, auxEvery, replicaCount, end, ...own } = sweepSettings.parse(depthSweep.settings(profile));
  const deepest = { depth: Math.max(...depths), width, skipTo: 0 };
  expect(networks).toEqual({ auxiliary: { ...deepest, auxEvery }, plain: { ...deepest, auxEvery: 0 } });
  expect(end.steps).toEqual([sweep.steps]);
  expect([own.images, replicaCount]).toEqual([images, sweep.replicas]);
  expect(depthSweep.streamsOf).toBe(fig07.id);
});
