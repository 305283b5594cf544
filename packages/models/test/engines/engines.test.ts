/** Every engine against float64 finite differences, and against each other. */
import { rootStream } from "@linear-probes/core";
import { describe, expect, it } from "vitest";
import type { Engine, EngineOptions } from "../../src/engines/engine.ts";
import { createOnnxEngine } from "../../src/engines/onnx.ts";
import { createTfjsEngine } from "../../src/engines/tfjs.ts";
import type { LayerGraph } from "../../src/graph.ts";
import { adam, double, graphs, momentum, pooledGraph, randomBatch, randomCase, smallConvnet, using } from "./graphs.ts";
import { finiteDifferences, referenceLoss, referenceValues } from "./reference-loss.ts";

const rows = 6;
interface Case {
  readonly engine: string;
  readonly create: (graph: LayerGraph, options: EngineOptions) => Promise<Engine>;
}
const engines: readonly Case[] = [
  { engine: "onnx", create: async (graph, options) => createOnnxEngine(graph, options) },
  { engine: "tfjs", create: createTfjsEngine },
];

for (const { engine: name, create } of engines)
  describe(`engine ${name}`, () => {
    it.each(graphs)("has the loss and gradients of float64 finite differences on $name", async (graph) => {
      await using(await create(graph, { batch: rows, optimizer: momentum }), async (engine) => {
        const { parameters, batch } = randomCase(graph, rows);
        engine.write({ step: 0, parameters, accumulators: [] });
        const { loss, gradients } = await engine.gradients(batch);
        expect(loss).toBeCloseTo(referenceLoss(graph, double(parameters), batch).loss, 5);
        for (const { name } of graph.parameters) {
          const slopes = finiteDifferences(graph, double(parameters), batch, name, 40);
          const largest = Math.max(...slopes.map(({ slope }) => Math.abs(slope)));
          // float32 sums of some hundred terms: a few 1e-7 of the largest; differences in float64 add about 1e-9.
          for (const { place, slope } of slopes)
            expect(Math.abs((gradients.get(name)?.[place] ?? Number.NaN) - slope), `${name}[${place}]`).toBeLessThan(
              3e-6 * Math.max(largest, 0.01),
            );
        }
      });
    });

    it.each(graphs)("has the forward values of the float64 reference on $name", async (graph) => {
      await using(await create(graph, { batch: rows, optimizer: momentum }), async (engine) => {
        const { parameters, batch } = randomCase(graph, rows);
        engine.write({ step: 0, parameters, accumulators: [] });
        const taps = graph.taps.slice(1);
        const values = await engine.forward(batch.inputs, rows, taps);
        const expected = referenceValues(graph, double(parameters), { ...batch, masks: new Map() }, rows);
        for (const tap of taps)
          expected.get(tap)?.forEach((value, i) => expect(values.get(tap)?.[i]).toBeCloseTo(value, 5));
      });
    });
  });

describe("onnx and tfjs", () => {
  it.each([momentum, adam])("agree after 20 steps of the same batches and masks, $kind", async (optimizer) => {
    const graph = smallConvnet();
    const after = async (create: Case["create"]): Promise<Float32Array[]> =>
      using(await create(graph, { batch: rows, optimizer }), async (engine) => {
        engine.write({ step: 0, parameters: randomCase(graph, rows).parameters, accumulators: [] });
        for (let step = 0; step < 20; step++)
          await engine.step(randomBatch(graph, rows, rootStream("agree").split(step)), 0.02);
        return [...engine.read().parameters.values()];
      });
    const [onnx, tfjs] = await Promise.all(engines.map(({ create }) => after(create)));
    // Both sum in float32 in orders of their own, a relative difference near 1e-7 a step; twenty steps of a smooth
    // loss multiply it by a moderate factor.
    onnx?.forEach((values, i) =>
      values.forEach((value, j) => expect(Math.abs(value - (tfjs?.[i]?.[j] ?? Number.NaN))).toBeLessThan(1e-4)),
    );
  });

  it.each([smallConvnet(), pooledGraph()])(
    "agree on flat images, where the cells of a pool tie, $name",
    async (graph) => {
      const { parameters, batch } = randomCase(graph, rows);
      const flat = { ...batch, inputs: batch.inputs.map(() => 0.5) };
      const gradients = await Promise.all(
        engines.map(async ({ create }) =>
          using(await create(graph, { batch: rows, optimizer: momentum }), async (engine) => {
            engine.write({ step: 0, parameters, accumulators: [] });
            return (await engine.gradients(flat)).gradients;
          }),
        ),
      );
      const [onnx, tfjs] = gradients;
      // One shares what the other gives to the first: of equal patches the sums are the same.
      for (const { name } of graph.parameters) {
        const [ours, theirs] = [onnx?.get(name) ?? [], tfjs?.get(name) ?? []];
        expect(ours.length, name).toBeGreaterThan(0);
        const largest = Math.max(...theirs.map(Math.abs));
        ours.forEach((value, at) =>
          expect(Math.abs(value - (theirs[at] ?? Number.NaN)), `${name}[${at}]`).toBeLessThan(
            3e-6 * Math.max(largest, 0.01),
          ),
        );
      }
    },
  );
});
