import { rootStream } from "@linear-probes/core";
import { describe, expect, it } from "vitest";
import { deepMlp } from "../../src/architectures/deep-mlp.ts";
import { createOnnxEngine } from "../../src/engines/onnx.ts";
import { initialParameters } from "../../src/graph-parameters.ts";
import { train } from "../../src/training.ts";

const paper = { depth: 128, width: 128, inputs: 784, classes: 10 };

describe("deep-mlp", () => {
  it("taps the input and the output of each of the 128 layers", () => {
    const graph = deepMlp(paper).build();
    expect(graph.taps).toHaveLength(129);
    expect([graph.taps[0], graph.taps[128]]).toEqual(["layer_0", "layer_128"]);
    expect(graph.heads).toEqual([{ logits: "logits", weight: 1 }]);
  });

  it("has an auxiliary classifier every 16 layers, and the model's own on the last (figure 7)", () => {
    const graph = deepMlp({ ...paper, auxEvery: 16 }).build();
    expect(graph.heads.map((head) => head.logits)).toEqual([
      ...[16, 32, 48, 64, 80, 96, 112].map((layer) => `layer_${layer}_classifier`),
      "logits",
    ]);
  });

  it("hands the input once more to layer 64 (figure 8)", () => {
    const graph = deepMlp({ ...paper, skipTo: 64 }).build();
    expect(graph.layer("layer_64_preact")).toMatchObject({ from: "layer_64_inputs" });
    expect(graph.layer("layer_64_inputs")).toMatchObject({ from: ["layer_63", "layer_0"] });
    expect(graph.shapeOf("layer_64_inputs")).toEqual([128 + 784]);
  });

  it("starts from a plain normal of variance 2 / (fanIn + fanOut) (Glorot & Bengio 2010)", () => {
    const parameters = initialParameters(deepMlp({ ...paper, depth: 1 }).build(), rootStream(1));
    const weights = parameters.get("layer_1_preact/weights") ?? new Float32Array();
    const variance = weights.reduce((sum, w) => sum + w * w, 0) / (784 * 128);
    expect(variance * ((784 + 128) / 2)).toBeCloseTo(1, 1); // 100,352 draws: standard error 0.0045
    // A plain normal, not a truncated one: some draws lie beyond three standard deviations.
    expect(weights.some((w) => Math.abs(w) > 3 * Math.sqrt(variance))).toBe(true);
  });

  it("refuses what cannot be built, by name", () => {
    expect(() => deepMlp({ ...paper, depth: 0 }).build()).toThrow("deep-mlp depth: must be a positive integer, got 0");
    expect(() => deepMlp({ ...paper, skipTo: 129 }).build()).toThrow("must be a layer from 2 to 128, got 129");
  });

  it("learns through 24 layers with classifiers every 4: the last head's loss falls below chance", async () => {
    const architecture = deepMlp({ depth: 24, width: 16, inputs: 8, classes: 2, auxEvery: 4 });
    const graph = architecture.build();
    const stream = rootStream("deep");
    const [rows, draw] = [512, stream.split("inputs")];
    const inputs = Float32Array.from({ length: rows * 8 }, () => draw.normal());
    const labels = Int32Array.from({ length: rows }, (_, row) => Number((inputs[row * 8] ?? 0) > 0));
    const engine = createOnnxEngine(graph, { ...architecture.training, batch: 32 });
    const losses: number[] = [];
    try {
      engine.write({ step: 0, parameters: initialParameters(graph, stream.split("init")), accumulators: [] });
      const spec = { ...architecture.training, batch: 32, learningRate: { kind: "constant", rate: 2e-3 } as const };
      await train(engine, graph, { inputs, labels }, spec, {
        stream: stream.split("train"),
        steps: 300,
        onProgress: (_, __, loss) => losses.push(loss),
      });
    } finally {
      await engine.dispose();
    }
    // Six heads at chance have 6 ln 2 = 4.16 nats.
    expect(losses[0]).toBeCloseTo(6 * Math.LN2, 0);
    expect(Math.min(...losses.slice(-20))).toBeLessThan(2);
  });
});
