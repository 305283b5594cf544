import { createSharedVectors, openTrainingKernels, rootStream } from "@linear-probes/core";
import { expect, it } from "vitest";
import { accumulatorCount, type Optimizer, update } from "../../src/engines/optimizer.ts";

const optimizers: Optimizer[] = [
  { kind: "momentum", momentum: 0.9 },
  { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
];

it.each(optimizers)("compiled steps move the same bits as plain ones, $kind", async (optimizer) => {
  const length = 1003;
  for (const shards of [1, 2, 3]) {
    const run = async (compiled: boolean): Promise<readonly Float32Array[]> => {
      const { memory, vectors } = createSharedVectors(
        Array.from({ length: 1 + shards + accumulatorCount(optimizer) }, () => length),
      );
      const [theta = new Float32Array(0), ...rest] = vectors;
      const buffers = { theta, gradients: rest.slice(0, shards), accumulators: rest.slice(shards) };
      const steps = compiled ? await openTrainingKernels(memory) : undefined;
      const stream = rootStream("optimizers");
      stream.split("theta").fillNormal(theta);
      for (let step = 1; step <= 3; step++) {
        for (const [i, gradient] of buffers.gradients.entries()) stream.split(`${step}/${i}`).fillNormal(gradient);
        // Ranges that begin and end anywhere.
        for (const [start, end, l2] of [
          [0, 501, 0],
          [501, 503, 0.01],
          [503, 1002, 5e-4],
        ] as const)
          update(optimizer, buffers, { start, end, l2 }, 0.01, step, steps);
      }
      return vectors.map((vector) => vector.slice());
    };
    expect(await run(true)).toEqual(await run(false));
  }
});
