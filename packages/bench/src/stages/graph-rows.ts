/** @file A layer graph as rows: its layers in evaluation order, what each reads, where it is tapped, and its heads. */
import type { Row } from "@linear-probes/core";
import { inputsOf, type LayerGraph } from "@linear-probes/models";

export function graphRows(diagram: string, graph: LayerGraph): readonly Row[] {
  const taps = new Set(graph.taps);
  const layers = graph.layers.flatMap((layer, order): Row[] => [
    {
      diagram,
      kind: "layer",
      order,
      name: layer.name,
      operation: layer.kind,
      shape: graph.shapeOf(layer.name).join(" × "),
      tapped: taps.has(layer.name),
    },
    ...inputsOf(layer).map((from) => ({ diagram, kind: "edge", from, to: layer.name })),
  ]);
  const heads = graph.heads.map(({ logits, weight }) => ({
    diagram,
    kind: "head",
    logits,
    weight,
    auxiliary: logits !== graph.logits,
  }));
  return [...layers, ...heads];
}
