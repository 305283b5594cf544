import { rootStream } from "@linear-probes/core";
import { describe, expect, it } from "vitest";
import { inputRows, streamActivations } from "../../src/activations/stream-activations.ts";
import type { StreamActivationsOptions } from "../../src/activations/stream-activations.ts";
import { mnistConvnet } from "../../src/architectures/mnist-convnet.ts";
import { size } from "../../src/graph.ts";
import { initialParameters } from "../../src/graph-parameters.ts";
import { randomCase, smallConvnet } from "../engines/graphs.ts";
import { referenceValues } from "../engines/reference-loss.ts";

const graph = smallConvnet();
const rows = 23;
const { parameters, batch } = randomCase(graph, rows);
const inputs = inputRows(batch.inputs, rows);

async function collect(
  taps: readonly string[],
  options: StreamActivationsOptions = {},
): Promise<Map<string, Float32Array>> {
  const out = new Map(taps.map((tap) => [tap, new Float32Array(rows * size(graph.shapeOf(tap)))] as const));
  const sinks = [...out].map(
    ([tap, values]) =>
      [
        tap,
        { write: (row: number, block: Float32Array) => values.set(block, row * size(graph.shapeOf(tap))) },
      ] as const,
  );
  await streamActivations(graph, parameters, inputs, new Map(sinks), options);
  return out;
}

describe("streamActivations", () => {
  it("gives every tap the float64 reference values, input included", async () => {
    const double = new Map([...parameters].map(([name, values]) => [name, Float64Array.from(values)]));
    const expected = referenceValues(graph, double, { ...batch, masks: new Map() }, rows);
    for (const [tap, values] of await collect(graph.taps, { batch: 5 }))
      expected.get(tap)?.forEach((value, i) => expect(values[i]).toBeCloseTo(value, 5));
  });

  it("gives the same bits with 1 and 3 threads", async () => {
    expect(await collect(graph.taps, { batch: 5, threads: 3 })).toEqual(await collect(graph.taps, { batch: 5 }));
  });

  it("hands the error of a sink on, and stops when asked", async () => {
    const full = {
      write: () => {
        throw new Error("row 3, column 4 is NaN");
      },
    };
    await expect(streamActivations(graph, parameters, inputs, new Map([["logits", full]]))).rejects.toThrow("row 3");
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(collect(["logits"], { signal })).rejects.toThrow("enough");
  });
});

describe("taps of mnist-convnet", () => {
  it("have the same bits whichever other taps are asked for", { timeout: 60_000 }, async () => {
    const convnet = mnistConvnet.build();
    const weights = initialParameters(convnet, rootStream("taps"));
    const draw = rootStream("pixels");
    const images = inputRows(
      Float32Array.from({ length: 5 * 784 }, () => draw.uniform() - 0.5),
      5,
    );
    const last = async (taps: readonly string[]): Promise<Map<string, string>> => {
      const blocks = new Map<string, string>();
      const sink = (tap: string): readonly [string, { write(row: number, block: Float32Array): void }] => [
        tap,
        { write: (_, block) => void blocks.set(tap, block.join()) },
      ];
      await streamActivations(convnet, weights, images, new Map(taps.map(sink)));
      return blocks;
    };
    const together = await last(convnet.taps);
    for (const tap of convnet.taps) expect((await last([tap])).get(tap) === together.get(tap), tap).toBe(true);
  });
});
