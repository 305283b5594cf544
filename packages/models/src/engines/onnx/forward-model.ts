/** @file The inference model of a graph with its parameters inside: exactly the layers that the taps need. */
import { ancestors } from "../../graph.ts";
import type { LayerGraph } from "../../graph.ts";
import type { Parameters } from "../../graph-parameters.ts";
import { lowerForward } from "./forward.ts";
import { createModelBuilder } from "./model-builder.ts";

/** The batch is symbolic. The outputs are the layers named, under their names; the input itself may be one of them. */
export function forwardModel(
  graph: LayerGraph,
  parameters: Parameters,
  layers: readonly string[],
): Uint8Array<ArrayBuffer> {
  const builder = createModelBuilder(graph.name);
  const needed = ancestors(graph, layers);
  const owners = new Set(needed.map((layer) => layer.name));
  builder.input(graph.input, ["rows", ...graph.inputShape]);
  for (const { name, shape } of graph.parameters) {
    const values = parameters.get(name);
    if (owners.has(name.slice(0, name.lastIndexOf("/"))) && values) builder.weights(name, values, shape);
  }
  for (const layer of needed) lowerForward(layer, { builder, graph });
  for (const layer of layers) builder.output(layer, ["rows", ...graph.shapeOf(layer)]);
  return builder.bytes();
}
