/**
 * @file Layers to ONNX operators, backward: given dY, the gradient of the loss by a layer's output, adds the nodes of
 * the gradients by its parameters and by its inputs. Derived by hand; the formulation of each is the quickest of
 * several measured on one thread.
 */
import { DataType } from "../../onnx/build.ts";
import { inputsOf, kernelOf } from "../../graph.ts";
import type { Convolution, Layer, LayerGraph } from "../../graph.ts";
import { convAttributes, isPooled, meanAttributes, poolAttributes } from "./forward.ts";
import type { ModelBuilder } from "./model-builder.ts";
import { spectralBackward } from "./spectral-conv.ts";

export interface BackwardContext {
  readonly builder: ModelBuilder;
  readonly graph: LayerGraph;
  readonly rows: number;
  readonly mask: (layer: string) => string;
  /** Whether the gradient by a layer's output is wanted at all. */
  readonly wanted: (layer: string) => boolean;
  /** Whether the forward pass took a convolution by way of spectra. */
  readonly spectral: (layer: Convolution) => boolean;
  /** The pool that it computed in such a convolution's place. */
  readonly poolOf: (layer: Convolution) => string | undefined;
}

/** Adds the nodes; returns the gradient by each input, in the layer's order, where wanted. */
export function lowerBackward(layer: Layer, dY: string, context: BackwardContext): readonly (string | undefined)[] {
  const { builder, graph, rows, mask, wanted } = context;
  switch (layer.kind) {
    case "input":
      return [];
    case "dense": {
      builder.leaf("Gemm", [layer.from, dY], { transA: 1 }, gradientOf(`${layer.name}/weights`));
      // Six times as quick as ReduceSum.
      const ones = builder.floats(Array.from({ length: rows }, () => 1));
      builder.leaf("MatMul", [ones, dY], {}, gradientOf(`${layer.name}/bias`));
      return [wanted(layer.from) ? builder.node("Gemm", [dY, `${layer.name}/weights`], { transB: 1 }) : undefined];
    }
    case "conv2d":
      return [convBackward(layer, dY, context)];
    // Products are twice as quick as a choice between tensors. A rectified value is 0 or, times 1e38, more than 1, but for
    // denormal ones, which get a part of the gradient; Sign would say the same, a number at a time.
    case "relu": {
      const large = builder.node("Mul", [layer.name, builder.floats(1e38)]);
      return [builder.node("Mul", [dY, builder.node("Clip", [large, builder.floats(0), builder.floats(1)])])];
    }
    case "leaky-relu": {
      const large = builder.node("Mul", [layer.name, builder.floats(1e38)]);
      const slopes = builder.node("Clip", [large, builder.floats(layer.slope), builder.floats(1)]);
      return [builder.node("Mul", [dY, slopes])];
    }
    case "max-pool": {
      if (isPooled(layer, graph, context.poolOf)) return [dY]; // the convolution's gradient goes through the pool
      // Equal values share the gradient, which is a subgradient too. Asking MaxPool for the place of each maximum and
      // unpooling takes twice as long.
      const largest = builder.node("Equal", [layer.from, enlarged(builder, layer.name)]);
      const mask = builder.node("Cast", [largest], { to: DataType.FLOAT });
      const share = builder.node("AveragePool", [mask], poolAttributes);
      const count = builder.node("Mul", [share, builder.floats(4)]);
      return [builder.node("Mul", [enlarged(builder, builder.node("Div", [dY, count])), mask])];
    }
    case "avg-pool":
      return [builder.node("AveragePool", [dY], meanAttributes)];
    case "global-avg-pool": {
      const [channels = 0, height = 0, width = 0] = graph.shapeOf(layer.from);
      const share = builder.node("Mul", [dY, builder.floats(1 / (height * width))]);
      const cell = builder.node("Reshape", [share, builder.ints([rows, channels, 1, 1])]);
      return [builder.node("Expand", [cell, builder.ints([rows, channels, height, width])])];
    }
    case "flatten":
      return [builder.node("Reshape", [dY, builder.ints([rows, ...graph.shapeOf(layer.from)])])];
    case "dropout":
      return [builder.node("Mul", [dY, mask(layer.name)])];
    case "concat": {
      const parts = layer.from.map((from, i) => `${layer.name}/part-${i}/${from}`);
      const extents = layer.from.map((from) => graph.shapeOf(from)[0] ?? 0);
      builder.nodeOf("Split", [dY, builder.ints(extents)], parts, { axis: 1 });
      return parts;
    }
    default:
      return layer satisfies never;
  }
}

/** Every value four times, on the 2×2 cells that it was pooled from. */
function enlarged(builder: ModelBuilder, value: string): string {
  const nearest = { mode: "nearest", nearest_mode: "floor", coordinate_transformation_mode: "asymmetric" };
  return builder.node("Resize", [value, "", builder.floats([1, 1, 2, 2])], nearest);
}

export const gradientOf = (parameter: string): string => `gradient/${parameter}`;

function convBackward(layer: Convolution, dY: string, context: BackwardContext): string | undefined {
  const { builder, graph, wanted } = context;
  const { name, from, filters, stride = 1 } = layer;
  const bias = gradientOf(`${name}/bias`);
  if (context.spectral(layer)) {
    const gradients = { weights: gradientOf(`${name}/weights`), bias, input: wanted(from) };
    return spectralBackward(layer, dY, builder, graph, gradients, context.poolOf(layer) !== undefined);
  }
  builder.node("ReduceSum", [dY, builder.ints([0, 2, 3])], { keepdims: 0 }, bias);
  const [channels = 0, height = 0, width = 0] = graph.shapeOf(from);
  const [kernelHeight, kernelWidth] = kernelOf(layer);
  const [padHeight, padWidth] = [(kernelHeight - 1) / 2, (kernelWidth - 1) / 2];
  const count = (extent: number): number[] => Array.from({ length: extent }, (_, shift) => shift);
  // Images side by side, [channels, height, rows, width]: then a shift in height is a contiguous slice, and one product
  // per shift sums over rows, height and width. The shifts in width are laid out as further channels.
  const sideBySide = { perm: [1, 2, 0, 3] };
  const x = builder.node("Transpose", [from], sideBySide);
  const every = (value: string, axis: number, start: number, extent: number): string => {
    const cut = [[start], [start + extent], [axis], ...(stride > 1 ? [[stride]] : [])];
    return builder.node("Slice", [value, ...cut.map((numbers) => builder.ints(numbers))]);
  };
  const columns = count(kernelWidth).map((j) => {
    const pads = [0, padHeight, 0, padWidth - j, 0, padHeight, 0, j - padWidth];
    const moved = pads.every((pad) => pad === 0) ? x : builder.node("Pad", [x, builder.ints(pads)]);
    return stride > 1 ? every(moved, 3, 0, width) : moved;
  });
  const shifted = columns.length > 1 ? builder.node("Concat", columns, { axis: 0 }) : (columns[0] ?? x);
  const flat = (value: string, extent: number): string => builder.node("Reshape", [value, builder.ints([extent, -1])]);
  const d = flat(builder.node("Transpose", [dY], sideBySide), filters);
  const products = count(kernelHeight).map((i) => {
    const slice = kernelHeight * stride > 1 ? every(shifted, 1, i, height) : shifted;
    return builder.node("Gemm", [flat(slice, kernelWidth * channels), d], { transB: 1 });
  });
  const byKernel = builder.node("Reshape", [
    products.length > 1 ? builder.node("Concat", products, { axis: 0 }) : (products[0] ?? d),
    builder.ints([kernelHeight, kernelWidth, channels, filters]),
  ]);
  builder.node("Transpose", [byKernel], { perm: [3, 2, 0, 1] }, gradientOf(`${name}/weights`));
  if (!wanted(from)) return undefined;
  const attributes = { ...convAttributes(layer), ...(stride > 1 && { output_padding: [1, 1] }) };
  return builder.node("ConvTranspose", [dY, `${name}/weights`], attributes);
}

/** Total of several gradients by the same value. */
export function total(builder: ModelBuilder, gradients: readonly string[]): string | undefined {
  return gradients.length > 1 ? builder.node("Sum", gradients) : gradients[0];
}

/**
 * Cross-entropy head: adds -(weight / batch) Σ targets · log softmax(logits) as a scalar, and its gradient
 * (weight / batch)(softmax(logits) - targets).
 */
export function lowerHead(
  builder: ModelBuilder,
  logits: string,
  targets: string,
  factor: number,
): { readonly loss: string; readonly gradient: string } {
  const logProbabilities = builder.node("LogSoftmax", [logits], { axis: 1 });
  const agreed = builder.node("ReduceSum", [builder.node("Mul", [logProbabilities, targets])], { keepdims: 0 });
  const residual = builder.node("Sub", [builder.node("Exp", [logProbabilities]), targets]);
  return {
    loss: builder.node("Mul", [agreed, builder.floats(-factor)]),
    gradient: builder.node("Mul", [residual, builder.floats(factor)]),
  };
}

/** Names of the layers by whose output the loss gradient is needed: those computed from any parameter. */
export function trainable(graph: LayerGraph): ReadonlySet<string> {
  const names = new Set<string>();
  for (const layer of graph.layers) {
    const weighted = layer.kind === "dense" || layer.kind === "conv2d";
    if (weighted || inputsOf(layer).some((input) => names.has(input))) names.add(layer.name);
  }
  return names;
}
