/** @file Layers to ONNX operators, forward. Each layer's output is a value of the layer's own name. */
import { kernelOf, size } from "../../graph.ts";
import type { Convolution, Layer, LayerGraph } from "../../graph.ts";
import type { ModelBuilder } from "./model-builder.ts";
import { spectralForward } from "./spectral-conv.ts";

export interface ForwardContext {
  readonly builder: ModelBuilder;
  readonly graph: LayerGraph;
  /** The mask value of a dropout layer in training; none elsewhere, where dropout is the identity. */
  readonly mask?: (layer: string) => string;
  /** Whether a convolution goes by way of spectra. Default: none does. */
  readonly spectral?: (layer: Convolution) => boolean;
  /** The pool that alone reads such a convolution and is computed with it. */
  readonly poolOf?: (layer: Convolution) => string | undefined;
}

/** Adds the nodes of one layer. The input layer and the parameters must exist already. */
export function lowerForward(layer: Layer, { builder, graph, mask, spectral, poolOf }: ForwardContext): void {
  const { name } = layer;
  switch (layer.kind) {
    case "input":
      return;
    case "dense":
      builder.node("Gemm", [layer.from, `${name}/weights`, `${name}/bias`], {}, name);
      return;
    case "conv2d":
      if (spectral?.(layer)) return spectralForward(layer, builder, graph, poolOf?.(layer));
      builder.node("Conv", [layer.from, `${name}/weights`, `${name}/bias`], convAttributes(layer), name);
      return;
    case "relu":
      builder.node("Relu", [layer.from], {}, name);
      return;
    case "leaky-relu":
      builder.node("LeakyRelu", [layer.from], { alpha: { float: layer.slope } }, name);
      return;
    case "max-pool":
      if (isPooled(layer, graph, poolOf)) return;
      builder.node("MaxPool", [layer.from], poolAttributes, name);
      return;
    case "avg-pool":
      builder.node("AveragePool", [layer.from], meanAttributes, name);
      return;
    case "global-avg-pool":
      builder.node("ReduceMean", [layer.from], { axes: [2, 3], keepdims: 0 }, name);
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

/** Whether a pool was computed with the convolution that it reads. */
export function isPooled(
  pool: Layer & { readonly from: string },
  graph: LayerGraph,
  poolOf: ForwardContext["poolOf"],
): boolean {
  const layer = graph.layer(pool.from);
  return layer.kind === "conv2d" && poolOf?.(layer) === pool.name;
}

export function convAttributes({
  kernel,
  stride = 1,
}: Pick<Convolution, "kernel" | "stride">): Readonly<Record<string, number[]>> {
  const [height, width] = kernelOf({ kernel });
  const pads = [(height - 1) / 2, (width - 1) / 2];
  return { kernel_shape: [height, width], pads: [...pads, ...pads], ...(stride > 1 && { strides: [stride, stride] }) };
}

export const poolAttributes = { kernel_shape: [2, 2], strides: [2, 2] } as const;

/** A symmetric operator: its own transpose, so that it takes gradients back as well. */
export const meanAttributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 };
