import { expect, test } from "vitest";
import { deepProbes } from "../src/deep-settings.ts";
import { deepTasks, type NetworkPlan } from "../src/deep-tasks.ts";

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
  expect(probes.length).toBe(2 * (2 * 2 + 2)); // of each network: two steps shown, each in two parts; two of an animation
  for (const { after, run } of probes) {
    const untrained = run.frames.every(({ steps }) => steps.every((step) => step === 0));
    expect(after).toEqual(untrained ? [] : [run.replica]);
  }
  expect(probes.filter(({ after }) => after?.length === 0).length).toBe(2 * 2);
});
