/**
 * @file Where a network begins with a convolution of one channel that is pooled and rectified, its gradient is not
 * onnxruntime's: there a gradient by every cell of every image is made first, of which three quarters are zero, and that
 * takes a fifth of a training step. The model hands out what core's pooledConvolutionGradient makes it of.
 */
import { KERNEL_SIDE } from "@linear-probes/core";
import { inputsOf, kernelOf } from "../../graph.ts";
import type { Layer, LayerGraph, ParameterSpec, Shape } from "../../graph.ts";
import { gradientOf } from "./backward.ts";

/** Values of the training model, and the sides of the images. */
export interface PooledInput {
  readonly convolution: string; // the layer, and its output
  readonly pooled: string; // pooled and rectified, in either order
  readonly filters: number;
  readonly height: number;
  readonly width: number;
}

/** Undefined where the network begins otherwise. */
export function pooledInput(graph: LayerGraph): PooledInput | undefined {
  const [channels, height = 0, width = 0] = graph.inputShape;
  if (channels !== 1) return undefined;
  const [convolution, ...others] = readersOf(graph, graph.input);
  if (convolution?.kind !== "conv2d" || others.length > 0 || (convolution.stride ?? 1) !== 1) return undefined;
  if (kernelOf(convolution).some((side) => side !== KERNEL_SIDE)) return undefined;
  const first = onlyReader(graph, convolution.name);
  const second = first && onlyReader(graph, first.name);
  if (first === undefined || second === undefined) return undefined;
  const kinds = new Set([first.kind, second.kind]);
  if (!(kinds.has("max-pool") && kinds.has("relu"))) return undefined;
  return { convolution: convolution.name, pooled: second.name, filters: convolution.filters, height, width };
}

/** The parameters whose gradients are the model's own. */
export function trainedInModel(graph: LayerGraph): readonly ParameterSpec[] {
  const first = pooledInput(graph)?.convolution;
  return graph.parameters.filter(({ name }) => first === undefined || !name.startsWith(`${first}/`));
}

/** What the model hands out in place of the others. */
export function handedOut(
  graph: LayerGraph,
  rows: number,
): readonly { readonly name: string; readonly shape: Shape }[] {
  const first = pooledInput(graph);
  if (first === undefined) return [];
  const shapeOf = (layer: string): Shape => [rows, ...graph.shapeOf(layer)];
  return [
    { name: first.convolution, shape: shapeOf(first.convolution) },
    { name: first.pooled, shape: shapeOf(first.pooled) },
    { name: gradientOf(first.pooled), shape: shapeOf(first.pooled) },
  ];
}

/** The layers that read a value. */
function readersOf({ layers }: LayerGraph, name: string): readonly Layer[] {
  return layers.filter((layer) => inputsOf(layer).includes(name));
}

/** The layer that alone reads a value which is no head's. */
export function onlyReader(graph: LayerGraph, name: string): Layer | undefined {
  const readers = readersOf(graph, name);
  return readers.length === 1 && !graph.heads.some((head) => head.logits === name) ? readers[0] : undefined;
}
