/**
 * @file How quick this machine is at the moment: virtual machines change by half within an hour, and seconds mean little
 * without it.
 */
import { createWasmRuntime } from "@linear-probes/core";
import { median } from "../src/median.ts";
import { flopsOf, problemOf } from "./random-problem.ts";

const shape = { n: 50_000, d: 784, k: 10 };
const PASSES = 25;

/** GFLOP/s of the fused kernel on 50,000 × 784, 10 classes: the median of some passes. */
export async function machineSpeed(threads: number): Promise<number> {
  const { x, labels, weights } = problemOf(shape);
  const runtime = await createWasmRuntime({ threads });
  const writer = runtime.createFeatures({ rows: shape.n, cols: shape.d });
  writer.write(0, x);
  const kernels = runtime.bind(writer.finish(), { labels, classes: shape.k });
  const [w, gradient] = [Float64Array.from(weights), new Float64Array(weights.length)];
  const [bias, biasGradient] = [new Float64Array(shape.k), new Float64Array(shape.k)];
  const seconds = Array.from({ length: PASSES }, () => {
    const start = performance.now();
    kernels.valueAndGradient(w, bias, gradient, biasGradient);
    return (performance.now() - start) / 1000;
  });
  await runtime.dispose();
  return flopsOf(shape) / median(seconds) / 1e9;
}
