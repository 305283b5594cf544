/**
 * @file What a probe costs by its shape, on drawn problems of equal difficulty (condition number 100, l2 1e-4): one pass
 * of the fused kernel, and a whole certified fit on features that nothing has been computed of yet.
 */
import { certifiedGap, createOracle, fit, passBudget, type Stream, type WasmRuntime } from "@linear-probes/core";
import { lbfgs } from "@linear-probes/solvers";
import { z } from "zod";
import type { Shape } from "./cost-axes.ts";
import { labelledRows, valuesOf } from "./parts/features-of.ts";
import { drawSynthetic } from "./parts/synthetic.ts";
import { releaseProblem } from "./problem.ts";
import { type Clock, createStopwatch } from "./stopwatch.ts";
import { median } from "../median.ts";

export const costRecord = z.object({
  fitPasses: z.number(),
  status: z.string(),
  secondsPerPass: z.number(), // median
  fitSeconds: z.number(), // median; of a long fit, one
});
export type Cost = Readonly<z.infer<typeof costRecord>>;

const L2 = 1e-4;
const GAP = 1e-6; // relative, certified
const MOST_PASSES = 2000;
const LEAST_CALLS = 5; // of a pass, and until so many seconds are used
const PASS_SECONDS = 0.1;
/** A fit that takes longer is timed once: what disturbs a short one for a moment is a small part of it. */
const LONG_SECONDS = 1;

export function costOfShape(runtime: WasmRuntime, clock: Clock, shape: Shape, stream: Stream, repeats: number): Cost {
  const loaded = drawSynthetic(
    { ...shape, condition: 100, labels: "sampled" },
    { runtime, stream, dataDir: undefined, log: () => {} },
  );
  const { labels, classes, features } = loaded.train;
  const rows = { x: valuesOf(features), labels, cols: features.cols, classes };
  const fitOnce = () => {
    const train = labelledRows(runtime, "train", "cost", rows);
    const stopwatch = createStopwatch(clock);
    try {
      const stop = [certifiedGap({ relative: GAP }), passBudget(MOST_PASSES)];
      const result = stopwatch.time(() => fit(runtime, { train, l2: L2, scaling: "none" }, lbfgs(), { stream, stop }));
      return { result, seconds: stopwatch.elapsed().seconds };
    } finally {
      train.features.release();
    }
  };
  try {
    const { result, seconds } = fitOnce(); // warms up
    const timed = seconds > LONG_SECONDS ? 1 : repeats;
    const fitSeconds = median(Array.from({ length: timed }, () => fitOnce().seconds));
    const { passes: fitPasses, status } = result;
    return { fitPasses, status, fitSeconds, secondsPerPass: timePass(runtime, clock, loaded.train) };
  } finally {
    releaseProblem(loaded);
  }
}

function timePass(runtime: WasmRuntime, { wall }: Clock, train: Parameters<typeof createOracle>[1]["train"]): number {
  const oracle = createOracle(runtime, { train, l2: L2, scaling: "none" }, "centred");
  const theta = new Float64Array(oracle.dimension).fill(0.01);
  const gradient = new Float64Array(oracle.dimension);
  oracle.valueAndGradient(theta, gradient);
  const seconds: number[] = [];
  for (const start = wall(); seconds.length < LEAST_CALLS || wall() - start < PASS_SECONDS;) {
    const before = wall();
    oracle.valueAndGradient(theta, gradient);
    seconds.push(wall() - before);
  }
  return median(seconds);
}
