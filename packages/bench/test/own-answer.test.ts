/** @file A deep network's own error and loss, from the features of its last layer: those of its own logits. */
import { createWasmRuntime, rootStream, type Scores } from "@linear-probes/core";
import { initialParameters, inputRows, streamActivations } from "@linear-probes/models";
import { expect, test } from "vitest";
import { type DeepForward, eachLayer, ownAnswer } from "../src/stages/deep-activations.ts";
import { architectureOf } from "../src/stages/deep-network.ts";
import { stopFlag } from "../src/stop-flag.ts";

test("the error and the loss of the network's own logits", async () => {
  const network = { depth: 3, width: 8, auxEvery: 0, skipTo: 0 };
  const [rows, width, classes] = [90, 12, 4];
  const stream = rootStream("own answer");
  const graph = architectureOf(network, width, classes).build();
  const parameters = new Map(initialParameters(graph, stream));
  const bias = Float32Array.from({ length: classes }, (_, c) => c / 10);
  parameters.set("logits/bias", bias);
  const pixels = new Float32Array(rows * width);
  stream.split("pixels").fillNormal(pixels);
  const labels = Int32Array.from({ length: rows }, () => stream.integer(classes));
  const record = { name: "drawn", sha256: "", synthetic: true };
  const digits = { record, classes, width, inputs: pixels, labels };
  const forward: DeepForward = { network, parameters, digits, rows, threads: 1, stop: stopFlag() };

  let [errors, loss] = [0, 0];
  const asked = 70;
  const write = (from: number, block: Float32Array): void => {
    for (let row = 0; row < block.length / classes && from + row < asked; row++) {
      const z = [...block.subarray(row * classes, (row + 1) * classes)];
      const label = labels[from + row] ?? 0;
      if (z.indexOf(Math.max(...z)) !== label) errors += 1;
      loss += Math.log(z.reduce((sum, value) => sum + Math.exp(value), 0)) - (z[label] ?? Number.NaN);
    }
  };
  await streamActivations(graph, parameters, inputRows(pixels, rows), new Map([["logits", { write }]]));

  const runtime = await createWasmRuntime({ threads: 1 });
  let own: Scores | undefined;
  await eachLayer(runtime, forward, [3], 1, (features) => {
    own = ownAnswer(runtime, features, parameters, asked);
  });
  await runtime.dispose();
  expect(own?.rows).toBe(asked);
  expect(own?.error).toBe(errors / asked);
  expect(own?.loss).toBeCloseTo(loss / asked, 6);
});
