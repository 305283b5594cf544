import { rootStream } from "@linear-probes/core";
import { describe, expect, it } from "vitest";
import { createOnnxEngine } from "../../src/engines/onnx.ts";
import type { Engine } from "../../src/engines/engine.ts";
import type { Optimizer } from "../../src/engines/optimizer.ts";
import type { LayerGraph } from "../../src/graph.ts";
import { adam, double, graphs, momentum, randomBatch, randomCase, smallConvnet, using } from "./graphs.ts";

describe.each(graphs)("$name", (graph) => {
  const rows = 6;

  it.each([momentum, adam])("moves the same bits with 1 and with 2 threads, $kind", async (optimizer) => {
    const after = (threads: number): Promise<unknown> =>
      using(createOnnxEngine(graph, { batch: rows, optimizer, threads }), (engine) => fiveSteps(engine, graph, rows));
    expect(await after(2)).toEqual(await after(1));
  });
});

async function fiveSteps(engine: Engine, graph: LayerGraph, rows: number): Promise<unknown> {
  const { parameters } = randomCase(graph, rows);
  engine.write({ step: 0, parameters, accumulators: [] });
  const losses = [];
  for (let step = 0; step < 5; step++)
    losses.push(await engine.step(randomBatch(graph, rows, rootStream("steps").split(step)), 0.01));
  return { losses, state: engine.read() };
}

describe("optimiser updates", () => {
  it.each([
    { optimizer: { kind: "sgd" } as Optimizer, accumulators: 0 },
    { optimizer: momentum, accumulators: 1 },
    { optimizer: adam, accumulators: 2 },
  ])("$optimizer.kind: two steps follow the published formula in float64", ({ optimizer, accumulators }) =>
    using(createOnnxEngine(smallConvnet(), { batch: 6, optimizer }), async (engine) => {
      const graph = smallConvnet();
      const { parameters, batch } = randomCase(graph, 6);
      engine.write({ step: 0, parameters, accumulators: [] });
      const expected = double(parameters);
      const memory = [new Map<string, Float64Array>(), new Map<string, Float64Array>()];
      const rate = 0.05;
      for (let step = 1; step <= 2; step++) {
        const { gradients } = await engine.gradients(batch);
        await engine.step(batch, rate);
        for (const [name, theta] of expected) {
          const [m, s] = memory.map((each) => each.get(name) ?? new Float64Array(theta.length));
          if (m === undefined || s === undefined) throw new Error("unreachable");
          gradients.get(name)?.forEach((g, i) => {
            if (optimizer.kind === "sgd") theta[i]! -= rate * g;
            else if (optimizer.kind === "momentum") theta[i]! -= rate * (m[i] = optimizer.momentum * m[i]! + g);
            else {
              m[i] = optimizer.beta1 * m[i]! + (1 - optimizer.beta1) * g;
              s[i] = optimizer.beta2 * s[i]! + (1 - optimizer.beta2) * g * g;
              const corrected = Math.sqrt(s[i] / (1 - optimizer.beta2 ** step));
              theta[i]! -= (rate * (m[i] / (1 - optimizer.beta1 ** step))) / (corrected + optimizer.epsilon);
            }
          });
          memory[0]?.set(name, m);
          memory[1]?.set(name, s);
        }
      }
      const state = engine.read();
      expect(state.step).toBe(2);
      expect(state.accumulators).toHaveLength(accumulators);
      for (const [name, theta] of expected)
        theta.forEach((value, i) => expect(state.parameters.get(name)?.[i]).toBeCloseTo(value, 6));
    }),
  );
});

describe("refusals", () => {
  const graph = smallConvnet();
  it("names the batch that does not divide into shards", () => {
    expect(() => createOnnxEngine(graph, { batch: 7, optimizer: momentum })).toThrow(
      "onnx engine: batch must be a positive multiple of 2, got 7",
    );
  });

  it("names labels outside the classes and inputs of another size", () =>
    using(createOnnxEngine(graph, { batch: 2, optimizer: momentum }), async (engine) => {
      const { parameters, batch } = randomCase(graph, 2);
      engine.write({ step: 0, parameters, accumulators: [] });
      await expect(engine.step({ ...batch, labels: Int32Array.of(0, 3) }, 0.1)).rejects.toThrow(
        "batch, label 1: must be 0 to 2, got 3",
      );
      await expect(engine.step({ ...batch, inputs: new Float32Array(3) }, 0.1)).rejects.toThrow("must have 256 values");
    }));
});
