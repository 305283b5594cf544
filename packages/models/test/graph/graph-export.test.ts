import { rootStream } from "@linear-probes/core";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { deepMlp } from "../../src/architectures/deep-mlp.ts";
import { inceptionCifar } from "../../src/architectures/inception-cifar.ts";
import { mnistConvnet } from "../../src/architectures/mnist-convnet.ts";
import { createOnnxEngine } from "../../src/engines/onnx.ts";
import { exportOnnx } from "../../src/graph-export.ts";
import { ancestors, size } from "../../src/graph.ts";
import { initialParameters } from "../../src/graph-parameters.ts";
import { momentum, using } from "../engines/graphs.ts";

const cases = [
  mnistConvnet.build(),
  inceptionCifar.build(),
  deepMlp({ depth: 16, width: 32, inputs: 784, classes: 10, auxEvery: 4, skipTo: 8 }).build(),
];

describe("exportOnnx", () => {
  it.each(cases)("$name: a fresh onnxruntime session gives the engine's logits to 1e-5", async (graph) => {
    const stream = rootStream("export");
    const parameters = initialParameters(graph, stream.split("init"));
    const rows = 3;
    const inputs = Float32Array.from({ length: rows * size(graph.inputShape) }, () => stream.uniform() - 0.5);
    const session = await InferenceSession.create(exportOnnx(graph, parameters), {
      graphOptimizationLevel: "disabled",
    });
    const feeds = { [graph.input]: new Tensor("float32", inputs, [rows, ...graph.inputShape]) };
    const logits = (await session.run(feeds))["logits"]?.data;
    await session.release();
    const expected = await using(createOnnxEngine(graph, { batch: 2, optimizer: momentum }), async (engine) => {
      engine.write({ step: 0, parameters, accumulators: [] });
      return engine.forward(inputs, rows, ["logits"]);
    });
    const largest = Math.max(...(expected.get("logits") ?? []).map(Math.abs));
    expected
      .get("logits")
      ?.forEach((value, i) => expect(Math.abs(Number(logits?.[i]) - value)).toBeLessThan(1e-5 * Math.max(1, largest)));
  });

  it.each(cases)("$name: names every tap, with its shape, and leaves auxiliary heads out", (graph) => {
    const parameters = initialParameters(graph, rootStream("export"));
    const model = fromBinary(ModelProtoSchema, exportOnnx(graph, parameters)).graph;
    const named = [...(model?.input ?? []), ...(model?.valueInfo ?? []), ...(model?.output ?? [])];
    const shapes = new Map(
      named.map(({ name, type }) => [
        name,
        type?.value.case === "tensorType"
          ? type.value.value.shape?.dim.slice(1).map((dim) => Number(dim.value.value))
          : [],
      ]),
    );
    const needed = new Set(ancestors(graph, [graph.logits]).map(({ name }) => name));
    for (const tap of graph.taps.filter((name) => needed.has(name)))
      expect(shapes.get(tap), tap).toEqual(graph.shapeOf(tap));
    expect(model?.node.map((node) => node.name).filter((name) => /classifier|aux_/.test(name))).toEqual([]);
    expect(model?.output.map((output) => output.name)).toEqual(["logits"]);
  });

  it("refuses parameters of another graph", () => {
    const [graph] = cases;
    if (graph === undefined) throw new Error("unreachable");
    expect(() => exportOnnx(graph, new Map())).toThrow("parameter conv1_preact/weights: must have 800 values");
  });
});
