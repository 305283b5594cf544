import { rootStream } from "@linear-probes/core";
import { describe, expect, it } from "vitest";
import { auxiliaryTaps, inceptionCifar } from "../../src/architectures/inception-cifar.ts";
import { createOnnxEngine } from "../../src/engines/onnx.ts";
import { ancestors, kernelOf, size } from "../../src/graph.ts";
import { initialParameters } from "../../src/graph-parameters.ts";
import { using } from "../engines/graphs.ts";

const graph = inceptionCifar.build();

describe("inception-cifar", () => {
  it("has grids of 32, 16, 8 and 4 and an auxiliary branch of its own", () => {
    expect(graph.taps.map((tap) => [tap, graph.shapeOf(tap)])).toEqual([
      ["input", [3, 32, 32]],
      ["stem1_preact", [16, 32, 32]],
      ["stem1", [16, 32, 32]],
      ["stem1_pool", [16, 16, 16]],
      ["stem2_preact", [32, 16, 16]],
      ["stem2", [32, 16, 16]],
      ["mixed_16a", [48, 16, 16]],
      ["mixed_8a", [96, 8, 8]],
      ["mixed_8b", [96, 8, 8]],
      ["mixed_8c", [96, 8, 8]],
      ["mixed_8d", [96, 8, 8]],
      ["aux_conv1", [32, 8, 8]],
      ["aux_conv2_preact", [64, 4, 4]],
      ["aux_conv2", [64, 4, 4]],
      ["aux_mean", [64]],
      ["aux_logits", [10]],
      ["mixed_4a", [176, 4, 4]],
      ["mixed_4b", [176, 4, 4]],
      ["mixed_4c", [176, 4, 4]],
      ["mean", [176]],
      ["logits", [10]],
    ]);
    const main = new Set(ancestors(graph, [graph.logits]).map(({ name }) => name));
    expect(auxiliaryTaps.filter((tap) => main.has(tap))).toEqual([]);
    expect(graph.heads).toEqual([
      { logits: "aux_logits", weight: 0.4 },
      { logits: "logits", weight: 1 },
    ]);
  });

  it("multiplies some ten million times an image, so that two cores can train it", () => {
    const products = graph.layers.map((layer) =>
      layer.kind === "conv2d"
        ? size(graph.shapeOf(layer.name)) * (graph.shapeOf(layer.from)[0] ?? 0) * size(kernelOf(layer))
        : 0,
    );
    expect(products.reduce((sum, count) => sum + count, 0)).toBe(10_323_968);
  });

  it("keeps signals neither vanishing nor exploding before training", () =>
    using(createOnnxEngine(graph, { batch: 2, optimizer: inceptionCifar.training.optimizer }), async (engine) => {
      const stream = rootStream("inception-cifar-signals");
      const rows = 8;
      const inputs = new Float32Array(rows * size(graph.inputShape));
      stream.fillNormal(inputs);
      engine.write({ step: 0, parameters: initialParameters(graph, stream.split("initial")), accumulators: [] });
      const taps = ["stem1", "mixed_16a", "mixed_8a", "mixed_8d", "mixed_4c"];
      for (const values of (await engine.forward(inputs, rows, taps)).values()) {
        const meanSquare = values.reduce((sum, value) => sum + value * value, 0) / values.length;
        // He et al. 2015 keep it at 1 through rectified convolutions; the means of neighbours that blocks take lower it.
        expect(meanSquare).toBeGreaterThan(0.05);
        expect(meanSquare).toBeLessThan(20);
      }
    }));
});
