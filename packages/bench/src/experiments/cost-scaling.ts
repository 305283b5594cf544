/**
 * @file How the cost of a probe grows with rows n, columns d and classes k, over two decades and more of each: passes in
 * the rows, seconds beside them. Figures fit the exponents.
 */
import type { Row } from "@linear-probes/core";
import { type CostAxis, type Shape, shapesOf, wideSweep } from "../compare/cost-axes.ts";
import { costOfShape, costRecord } from "../compare/cost-of-shape.ts";
import { systemClock } from "../compare/stopwatch.ts";
import { defineExperiment, type TaskLabel } from "../experiment.ts";

type Settings = {
  /** What stays while one of the three varies. */
  readonly base: Shape;
  readonly values: Readonly<Record<CostAxis, readonly number[]>>;
  readonly repeats: number; // timed fits of each shape, unless they are long
};

const stages = {
  kernels: new URL("../stages/kernels.ts", import.meta.url),
  cost: new URL("../compare/cost-of-shape.ts", import.meta.url),
};

export default defineExperiment<Settings, TaskLabel>({
  id: "cost-scaling",
  title: "what a probe costs by rows, columns and classes",
  source: "not in the paper",
  replayLevel: "bitwise-one-machine",
  parallelism: "kernels",
  profiles: {
    smoke: {
      base: { rows: 500, cols: 16, classes: 3 },
      values: { rows: [100, 1000], cols: [4, 40], classes: [2, 20] },
      repeats: 1,
    },
    quick: {
      base: { rows: 1000, cols: 32, classes: 5 },
      values: { rows: [100, 1000, 10_000], cols: [3, 30, 300], classes: [2, 20, 100] },
      repeats: 1,
    },
    paper: { ...wideSweep, repeats: 3 },
  },
  stages,
  goldenTolerance: { fitPasses: 20 },
  tasks: () => [{ label: "all shapes", weight: 1 }],
  async run(_task, { base, values, repeats }, context) {
    const { runtime, stream, stop } = context;
    const rows: Row[] = [];
    const seconds: Row[] = [];
    for (const { axis, ...shape } of shapesOf({ base, values })) {
      stop.check();
      const facts = { kind: "cost-of-shape", shape, repeats, stream: stream.path, threads: runtime.threads };
      const { json } = await context.remember([stages.kernels, stages.cost], facts, async (meter) => ({
        json: await meter.phase("probes", () => ({
          ...costOfShape(runtime, systemClock(), shape, stream.split(axis).split(shape[axis]), repeats),
        })),
      }));
      const { fitPasses, status, ...measured } = costRecord.parse(json);
      rows.push({ axis, ...shape, fitPasses, status });
      seconds.push({ axis, ...shape, ...measured });
    }
    return { rows, seconds, dataset: { name: "synthetic-shapes", sha256: "", synthetic: false } };
  },
});
