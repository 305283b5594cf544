import { rootStream } from "@linear-probes/core";
import { expect, it } from "vitest";
import { inceptionV3 } from "../../src/architectures/inception-v3.ts";
import { chooseTaps } from "../../src/onnx/auto-taps.ts";
import { planInputs } from "../../src/onnx/inputs.ts";
import { measureTaps } from "../../src/onnx/measure-taps.ts";
import { readModel } from "../../src/onnx/read-model.ts";
import { sampleRows } from "../../src/onnx/sample-rows.ts";
import { listTaps } from "../../src/onnx/taps.ts";

const bytes = inceptionV3({ stream: rootStream("inception-v3") });
const model = readModel(bytes);

it("has the number of parameters of the published network", () => {
  let trained = 0;
  for (const [name, dims] of model.graph.initializers)
    if (!name.includes("moving_")) trained += dims.reduce((total, dim) => total * dim, 1);
  // torchvision.models.inception_v3 with its auxiliary head, as its documentation states.
  expect(trained).toBe(27_161_264);
});

it("auto picks its blocks, both heads, and their published grid sizes", { timeout: 60_000 }, async () => {
  const plan = planInputs(model.graph);
  const taps = chooseTaps(model.graph, listTaps(model));
  const measured = await measureTaps(
    model,
    plan,
    taps.map(({ name }) => name),
    sampleRows(model.graph, plan),
  );
  const shapes = taps.map(({ name }) => {
    const facts = measured.get(name);
    return `${name.replace("InceptionV3/", "")} ${facts && "shape" in facts ? facts.shape.join("×") : facts?.refused}`;
  });
  expect(shapes).toEqual([
    "images 3×299×299",
    "Conv2d_1a_3x3/Relu 32×149×149",
    "Conv2d_2a_3x3/Relu 32×147×147",
    "Conv2d_2b_3x3/Relu 64×147×147",
    "MaxPool_3a_3x3 64×73×73",
    "Conv2d_3b_1x1/Relu 80×73×73",
    "Conv2d_4a_3x3/Relu 192×71×71",
    "MaxPool_5a_3x3 192×35×35",
    "Mixed_5b/concat 256×35×35",
    "Mixed_5d/concat 288×35×35",
    "Mixed_6a/concat 768×17×17",
    "Mixed_6b/concat 768×17×17",
    "Mixed_6c/concat 768×17×17",
    "Mixed_6d/concat 768×17×17",
    "Mixed_6e/concat 768×17×17",
    "AuxLogits/Logits 1000",
    "Mixed_7a/concat 1280×8×8",
    "Mixed_7b/concat 2048×8×8",
    "Mixed_7c/concat 2048×8×8",
    "Logits 1000",
  ]);
});

it("is seeded, and takes given weights only when all are there", () => {
  expect(readModel(inceptionV3({ stream: rootStream("inception-v3") })).fingerprint).toBe(model.fingerprint);
  expect(() => inceptionV3({ stream: rootStream(1), weights: new Map() })).toThrow(
    /weights "InceptionV3\/Conv2d_1a_3x3\/weights": must be 864 values, got "nothing"/,
  );
});
