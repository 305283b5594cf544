import { rootStream } from "@linear-probes/core";
import { expect, it, vi } from "vitest";
import { inputRows, streamActivations } from "../../src/activations/stream-activations.ts";
import { mnistConvnet } from "../../src/architectures/mnist-convnet.ts";
import { exportOnnx } from "../../src/graph-export.ts";
import { initialParameters } from "../../src/graph-parameters.ts";
import { arraySource } from "../../src/onnx/inputs.ts";
import { openLanes, releaseLanes, writeTapActivations } from "../../src/onnx/tap-activations.ts";
import { openModel } from "../../src/onnx/tapped-model.ts";

vi.setConfig({ testTimeout: 60_000 });

it("the project's own convnet, exported and imported, gives the features of figure 5 bit for bit", async () => {
  const graph = mnistConvnet.build();
  const parameters = initialParameters(graph, rootStream("exported"));
  const [rows, batch] = [23, 10];
  const inputs = new Float32Array(rows * 784);
  rootStream("exported/inputs").fillNormal(inputs);

  const own = new Map(
    graph.taps.map((tap) => [tap, new Float32Array(rows * graph.shapeOf(tap).reduce((a, b) => a * b, 1))]),
  );
  const sinks = new Map(
    [...own].map(([tap, place]) => [
      tap,
      { write: (start: number, block: Float32Array) => place.set(block, (start * place.length) / rows) },
    ]),
  );
  await streamActivations(graph, parameters, inputRows(inputs, rows), sinks, { batch });

  const tapped = await openModel(exportOnnx(graph, parameters), { isolated: false });
  const taps = tapped.select(graph.taps);
  expect(taps.map(({ name, shape }) => [name, shape])).toEqual(graph.taps.map((tap) => [tap, graph.shapeOf(tap)]));
  const lanes = await openLanes(tapped.model, tapped.plan, taps, { stream: "1", batch });
  const imported = taps.map(({ features }) => new Float32Array(rows * features));
  const writers = imported.map((place) => ({
    write: (start: number, block: Float32Array) => place.set(block, (start * place.length) / rows),
  }));
  await writeTapActivations(lanes, arraySource({ [graph.input]: { data: inputs, shape: graph.inputShape } }), writers);
  await releaseLanes(lanes);
  for (const [i, { name }] of taps.entries()) expect(imported[i], name).toEqual(own.get(name));
});
