/** @file Layers to ONNX operators, forward. Each layer's output is a value of the layer's own name. */
import { size } from "../../graph.ts";
import type { Layer, LayerGraph } from "../../graph.ts";
import type { ModelBuilder } from "./model-builder.ts";

export interface ForwardContext {
  readonly builder: ModelBuilder;
  readonly graph: LayerGraph;
  /** The mask value of a dropout layer in training; none elsewhere, where dropout is the identity. */
  readonly mask?: (layer: string) => string;
}

/** Adds the nodes of one layer. The input layer and the parameters must exist already. */
export function lowerForward(layer: Layer, { builder, graph, mask }: ForwardContext): void {
  const { name } = layer;
  switch (layer.kind) {
    case "input":
      return;
    case "dense":
      builder.node("Gemm", [layer.from, `${name}/weights`, `${name}/bias`], {}, name);
      return;
    case "conv2d":
      builder.node("Conv", [layer.from, `${name}/weights`, `${name}/bias`], convAttributes(layer.kernel), name);
      return;
    case "relu":
      builder.node("Relu", [layer.from], {}, name);
      return;
    case "leaky-relu":
      builder.node("LeakyRelu", [layer.from], { alpha: { float: layer.slope } }, name);
      return;
    case "max-pool":
      // The indices cost an eighth of the training step's pooling; inference does not ask for them.
      builder.nodeOf("MaxPool", [layer.from], mask ? [name, indicesOf(name)] : [name], poolAttributes);
      return;
    case "flatten":
      builder.node("Reshape", [layer.from, builder.ints([-1, size(graph.shapeOf(name))])], {}, name);
      return;
    case "dropout":
      if (mask) builder.node("Mul", [layer.from, mask(name)], {}, name);
      else builder.node("Identity", [layer.from], {}, name);
      return;
    case "concat":
      builder.node("Concat", layer.from, { axis: 1 }, name);
  }
}

export function convAttributes(kernel: number): { readonly kernel_shape: number[]; readonly pads: number[] } {
  const pad = (kernel - 1) / 2;
  return { kernel_shape: [kernel, kernel], pads: [pad, pad, pad, pad] };
}

export const poolAttributes = { kernel_shape: [2, 2], strides: [2, 2] } as const;

export const indicesOf = (layer: string): string => `${layer}/indices`;
