/** @file Convolutions to ONNX operators by way of spectra: the maps of `spectral-basis.ts` as matrix products. */
import { kernelOf } from "../../graph.ts";
import type { Convolution, LayerGraph } from "../../graph.ts";
import type { ModelBuilder } from "./model-builder.ts";
import { spectralBasis, transposed } from "./spectral-basis.ts";
import type { Matrix } from "./spectral-basis.ts";

/** Values that the forward pass leaves for the backward pass; products first. */
const imagesOf = (layer: string): string => `${layer}/spectra`; // [products, rows, channels]
const kernelsOf = (layer: string): string => `${layer}/weights-spectra`; // [products, filters, channels]

/** Adds the layer's output, under its own name. */
export function spectralForward(layer: Convolution, builder: ModelBuilder, graph: LayerGraph): void {
  const { name, filters } = layer;
  const { basis, channels, products, reshape, transpose, into, outOf } = planOf(layer, builder, graph);
  reshape(into(layer.from, basis.imageHeight, basis.imageWidth), [products, -1, channels], imagesOf(name));
  const matrix = builder.matrix(basis.kernel.values, [products, basis.kernel.cols]);
  const flat = reshape(`${name}/weights`, [filters * channels, -1]);
  reshape(builder.node("Gemm", [matrix, flat], { transB: 1 }), [products, filters, channels], kernelsOf(name));
  const met = builder.node("MatMul", [imagesOf(name), transpose(kernelsOf(name), lastTwo)]);
  const values = outOf(met, filters, basis.backWidth, basis.backHeight);
  builder.node("Add", [values, reshape(`${name}/bias`, [filters, 1, 1])], {}, name);
}

/** After `spectralForward`: adds the gradient by the kernels under the name given, returns that by the input if wanted. */
export function spectralBackward(
  layer: Convolution,
  dY: string,
  builder: ModelBuilder,
  graph: LayerGraph,
  wanted: { readonly weights: string; readonly input: boolean },
): string | undefined {
  const { name, filters } = layer;
  const { basis, channels, products, reshape, transpose, times, into, outOf } = planOf(layer, builder, graph);
  const back = into(dY, transposed(basis.backHeight), transposed(basis.backWidth));
  const gradients = reshape(back, [products, -1, filters]);
  const kernels = builder.node("MatMul", [transpose(gradients, lastTwo), imagesOf(name)]);
  const byCell = times(transposed(basis.kernel), reshape(kernels, [products, -1]));
  reshape(transpose(byCell, [1, 0]), [filters, channels, ...kernelOf(layer)], wanted.weights);
  if (!wanted.input) return undefined;
  const images = builder.node("MatMul", [gradients, kernelsOf(name)]);
  return outOf(images, channels, transposed(basis.imageWidth), transposed(basis.imageHeight));
}

function planOf(layer: Convolution, builder: ModelBuilder, graph: LayerGraph) {
  const [channels = 0, height = 0, width = 0] = graph.shapeOf(layer.from);
  const basis = spectralBasis([height, width], kernelOf(layer));
  const { lines, perLine } = basis;
  const cells = height * width;
  const reshape = (value: string, dims: readonly number[], name?: string): string =>
    builder.node("Reshape", [value, builder.ints(dims)], {}, name);
  const transpose = (value: string, perm: readonly number[]): string =>
    builder.node("Transpose", [value], { perm: [...perm] });
  const times = ({ rows, cols, values }: Matrix, value: string): string =>
    builder.node("MatMul", [builder.matrix(values, [rows, cols]), value]);

  /** [rows, channels, height, width] to [lines, perLine, rows · channels]. */
  const into = (value: string, alongHeight: Matrix, alongWidth: Matrix): string => {
    const byCell = transpose(reshape(value, [-1, cells]), [1, 0]);
    const down = times(alongHeight, reshape(byCell, [height, -1]));
    return times(alongWidth, reshape(down, [lines, 2 * width, -1]));
  };
  /** [products, rows, depth] to [rows, depth, height, width]. */
  const outOf = (value: string, depth: number, alongWidth: Matrix, alongHeight: Matrix): string => {
    const across = times(alongWidth, reshape(value, [lines, perLine, -1]));
    const byCell = times(alongHeight, reshape(across, [2 * lines, -1]));
    // Rows first, then each turned by itself, is three times as quick as all at once; the fourth axis keeps onnxruntime
    // from joining the two.
    const byRow = transpose(reshape(byCell, [cells, -1, depth]), [1, 0, 2]);
    const turned = transpose(reshape(byRow, [1, -1, cells, depth]), [0, 1, 3, 2]);
    return reshape(turned, [-1, depth, height, width]);
  };
  return { basis, channels, products: lines * perLine, reshape, transpose, times, into, outOf };
}

/** [a, b, c] to [a, c, b], which onnxruntime makes a part of the product that reads it. */
const lastTwo = [0, 2, 1];
