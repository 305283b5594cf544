/**
 * @file What a probe reports before it is at its optimum. The bar of the raw input in figure 8 falls from 0.107 to 0.073
 * while the network trains, and the input does not change: RMSProp on the same pixels at several learning rates, looked
 * at after more and more epochs, shows which length of training each bar stands for, and how far it is from the optimum.
 */
import type { Row } from "@linear-probes/core";
import { z } from "zod";
import { releaseProblem } from "../compare/problem.ts";
import { loadDigitPixels } from "../compare/problems/mnist-pixels.ts";
import { defineExperiment, type TaskLabel } from "../experiment.ts";
import { rowSchema } from "../results.ts";
import type { Facts } from "../stored-value.ts";
import { type RmspropBudget, solvedProbe, undersolvedProbes } from "../stages/undersolved-probes.ts";

type Settings = {
  readonly rows: number; // training images
  readonly l2: number;
  readonly rmsprop: Omit<RmspropBudget, "learningRate">;
  readonly learningRates: readonly number[];
  readonly certified: { readonly relativeGap: number; readonly passes: number };
};

const paper: Settings = {
  rows: 60_000,
  l2: 1e-5,
  rmsprop: { batch: 128, decay: 0.9, epochs: 40 },
  learningRates: [1e-3, 3e-4, 1e-4],
  certified: { relativeGap: 1e-2, passes: 300 },
};

const stages = {
  kernels: new URL("../stages/kernels.ts", import.meta.url),
  probes: new URL("../stages/undersolved-probes.ts", import.meta.url),
};

/** One length of training after another at a learning rate; without one, the certified probe. */
interface Task extends TaskLabel {
  readonly learningRate?: number;
}

export default defineExperiment<Settings, Task>({
  id: "undersolved-probe",
  title: "raw pixels read by probes that stop before their optimum",
  source: "Alain & Bengio 2016, figure 8, bar 0",
  replayLevel: "bitwise-one-machine",
  parallelism: "tasks",
  profiles: {
    smoke: { ...paper, rows: 1000, rmsprop: { ...paper.rmsprop, epochs: 5 }, learningRates: [1e-3, 1e-4] },
    quick: { ...paper, rows: 10_000, rmsprop: { ...paper.rmsprop, epochs: 20 } },
    paper,
  },
  stages,
  goldenTolerance: {
    trainError: 0.01,
    testError: 0.01,
    trainLoss: 0.01,
    objective: 0.01,
    gapNats: 1,
    relativeGap: 1,
    passes: 20,
    step: 20,
  },
  tasks: ({ learningRates }) => [
    { label: "the certified probe", weight: 1 },
    ...learningRates.map((learningRate) => ({ label: `a learning rate of ${learningRate}`, weight: 4, learningRate })),
  ],
  async run({ learningRate }, settings, context) {
    const { runtime, stream } = context;
    const { rows, l2, rmsprop, certified } = settings;
    const problem = await loadDigitPixels({ ...context, stream: stream.split("data"), rows }, rows);
    const made = async (budget: Facts[string], make: () => readonly Row[]): Promise<readonly Row[]> => {
      const facts = { kind: "undersolved-probe", budget, l2, data: problem.train.features.hash, stream: stream.path };
      const { json } = await context.remember([stages.kernels, stages.probes], facts, async (meter) => ({
        json: await meter.phase("probes", () => make().map((row) => ({ ...row }))),
      }));
      return z.array(rowSchema).parse(json);
    };
    try {
      const { dataset } = problem;
      if (learningRate === undefined) {
        const solve = () => solvedProbe(runtime, problem, l2, stream.split("certified"), certified);
        return { rows: await made(certified, solve), dataset };
      }
      const budget = { ...rmsprop, learningRate };
      const train = () => undersolvedProbes(runtime, problem, l2, stream.split("rmsprop"), budget);
      return { rows: await made(budget, train), dataset };
    } finally {
      releaseProblem(problem);
    }
  },
});
