/**
 * @file A trained graph as one ONNX file (opset 17, weights inside), for other programs: Netron draws it, onnxruntime
 * runs it, and this project's own import probes it. Every layer's output keeps the layer's name.
 */
import { reject } from "@linear-probes/core";
import { lowerForward } from "./engines/onnx/forward.ts";
import { createModelBuilder } from "./engines/onnx/model-builder.ts";
import { ancestors, size } from "./graph.ts";
import type { LayerGraph } from "./graph.ts";
import type { Parameters } from "./graph-parameters.ts";

/** Input: the graph's input, [rows, ...shape], float32, scaled as the architecture says. Output: the logits. */
export function exportOnnx(graph: LayerGraph, parameters: Parameters): Uint8Array<ArrayBuffer> {
  return onnxModel(graph, parameters, [graph.logits]);
}

/** The model with the layers named as its outputs, and exactly the layers that those need. */
export function onnxModel(
  graph: LayerGraph,
  parameters: Parameters,
  outputs: readonly string[],
): Uint8Array<ArrayBuffer> {
  const builder = createModelBuilder(graph.name);
  const needed = ancestors(graph, outputs);
  const owners = new Set(needed.map((layer) => layer.name));
  builder.input(graph.input, ["rows", ...graph.inputShape]);
  for (const { name, shape } of graph.parameters) {
    if (!owners.has(name.slice(0, name.lastIndexOf("/")))) continue;
    const values = parameters.get(name);
    if (values?.length !== size(shape))
      reject(`parameter ${name}`, `must have ${size(shape)} values`, values?.length ?? "none");
    builder.weights(name, values, shape);
  }
  for (const layer of needed) {
    lowerForward(layer, { builder, graph });
    const dims = ["rows", ...graph.shapeOf(layer.name)];
    if (outputs.includes(layer.name)) builder.output(layer.name, dims);
    else if (layer.kind !== "input") builder.describe(layer.name, dims);
  }
  return builder.bytes();
}
