/** @file The training-step model of a graph: loss and gradient of a fixed number of rows, parameters as inputs. */
import type { Convolution, Layer, LayerGraph } from "../../graph.ts";
import { inputsOf, layerGraph } from "../../graph.ts";
import { gradientOf, lowerBackward, lowerHead, total, trainable } from "./backward.ts";
import { lowerForward } from "./forward.ts";
import { createModelBuilder } from "./model-builder.ts";
import { handedOut, onlyReader, pooledInput, trainedInModel } from "./pooled-input.ts";
import { spectraPay } from "./spectral-basis.ts";

type SpectralRule = typeof spectraPay;

export const targetsInput = "targets";
export const lossOutput = "loss";
export const maskOf = (layer: string): string => `mask/${layer}`;

/**
 * Model inputs: the graph's input, one-hot `targets` [rows, k], a mask per dropout layer, every parameter. Outputs:
 * `loss`, a `gradient/…` per parameter. Sums over `rows` of the loss are divided by `batch`, so that the outputs of
 * the shards of a batch add up. A pooled convolution of the input has its output, what was pooled of that and the gradient
 * by it in place of gradients (pooled-input.ts). `spectral` says which convolutions go by way of spectra.
 */
export function trainingModel(
  original: LayerGraph,
  rows: number,
  batch: number,
  spectral: SpectralRule = spectraPay,
): Uint8Array<ArrayBuffer> {
  const graph = poolFirst(original);
  const builder = createModelBuilder(`${graph.name}/training`);
  builder.input(graph.input, [rows, ...graph.inputShape]);
  builder.input(targetsInput, [rows, graph.classes]);
  for (const { name, shape } of graph.parameters) builder.input(name, shape);
  for (const layer of dropouts(graph)) builder.input(maskOf(layer), [rows, ...graph.shapeOf(layer)]);

  const first = pooledInput(original);
  const bySpectra = (layer: Convolution): boolean => spectral(layer, graph.shapeOf(layer.from), rows);
  const poolOf = (layer: Convolution): string | undefined => {
    const reader = onlyReader(graph, layer.name);
    const isApart = bySpectra(layer) && layer.name !== first?.convolution; // the input's hands out its values
    return isApart && reader?.kind === "max-pool" ? reader.name : undefined;
  };
  for (const layer of graph.layers) lowerForward(layer, { builder, graph, mask: maskOf, spectral: bySpectra, poolOf });

  const gradients = new Map<string, string[]>(); // by layer, of each of its consumers
  const losses = graph.heads.map((head) => {
    const { loss, gradient } = lowerHead(builder, head.logits, targetsInput, head.weight / batch);
    gradients.set(head.logits, [...(gradients.get(head.logits) ?? []), gradient]);
    return loss;
  });
  builder.node("Sum", losses, {}, lossOutput);

  const wanted = trainable(graph);
  const context = {
    builder,
    graph,
    rows,
    mask: maskOf,
    wanted: (layer: string) => wanted.has(layer),
    spectral: bySpectra,
    poolOf,
  };
  for (const layer of graph.layers.toReversed()) {
    const dY = total(builder, gradients.get(layer.name) ?? []);
    if (dY === undefined || !wanted.has(layer.name)) continue;
    if (layer.name === first?.pooled) {
      builder.node("Identity", [dY], {}, gradientOf(layer.name));
      continue;
    }
    const byInput = lowerBackward(layer, dY, context);
    inputsOf(layer).forEach((input, i) => {
      const gradient = byInput[i];
      if (gradient !== undefined) gradients.set(input, [...(gradients.get(input) ?? []), gradient]);
    });
  }
  builder.output(lossOutput, []);
  for (const { name, shape } of trainedInModel(original)) builder.output(gradientOf(name), shape);
  for (const { name, shape } of handedOut(original, rows)) builder.output(name, shape);
  return builder.bytes();
}

export function dropouts(graph: Pick<LayerGraph, "layers">): readonly string[] {
  return graph.layers.filter((layer) => layer.kind === "dropout").map((layer) => layer.name);
}

/**
 * The same function with every max-pool moved before the rectifier that feeds it alone. A rectifier never changes the
 * order of its inputs, so the two commute exactly, and a quarter of the work of rectifying remains.
 */
function poolFirst(graph: LayerGraph): LayerGraph {
  const layers: Layer[] = [...graph.layers];
  layers.forEach((pool, i) => {
    if (pool.kind !== "max-pool") return;
    const j = layers.findIndex((layer) => layer.name === pool.from);
    const rectifier = layers[j];
    if (rectifier?.kind !== "relu" && rectifier?.kind !== "leaky-relu") return;
    if (onlyReader(graph, rectifier.name) === undefined) return;
    // The names swap places too, so that readers of the pool find the same values under the same name.
    layers[j] = { ...pool, name: rectifier.name, from: rectifier.from };
    layers[i] = { ...rectifier, name: pool.name, from: rectifier.name };
  });
  return layerGraph({ ...graph, layers });
}
