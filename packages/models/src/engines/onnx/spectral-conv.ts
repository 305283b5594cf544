/**
 * @file Convolutions to ONNX operators by way of spectra: the maps of `spectral-basis.ts` as matrix products. One line of
 * frequencies after the other, since what lies between the products of one line stays in a cache and of all does not.
 */
import { kernelOf } from "../../graph.ts";
import type { Convolution, LayerGraph } from "../../graph.ts";
import type { ModelBuilder } from "./model-builder.ts";
import { spectralBasis, transposed } from "./spectral-basis.ts";
import type { Matrix, SpectralBasis } from "./spectral-basis.ts";

/** Values that the forward pass leaves for the backward pass, of each line of frequencies; products first. */
const imagesOf = (layer: string, line: number): string => `${layer}/spectra/${line}`; // [products, rows, channels]
const kernelsOf = (layer: string, line: number): string => `${layer}/weights-spectra/${line}`; // [products, filters, channels]

/** Adds the layer's output, under its own name. */
export function spectralForward(layer: Convolution, builder: ModelBuilder, graph: LayerGraph): void {
  const { name, filters } = layer;
  const { basis, channels, reshape, transpose, times, into, outOf } = planOf(layer, builder, graph);
  const { perLine } = basis;
  const flat = transpose(reshape(`${name}/weights`, [filters * channels, -1]), [1, 0]);
  const images = into(layer.from, basis.imageHeight, basis.imageWidth, channels, (line) => imagesOf(name, line));
  const met = images.map((image, line) => {
    const kernels = reshape(times(kernelLine(basis, line), flat), [perLine, filters, channels], kernelsOf(name, line));
    return builder.node("MatMul", [image, transpose(kernels, lastTwo)]);
  });
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
  const { basis, channels, reshape, transpose, times, into, outOf } = planOf(layer, builder, graph);
  const { perLine } = basis;
  const gradients = into(dY, transposed(basis.backHeight), transposed(basis.backWidth), filters);
  const both = gradients.map((gradient, line) => {
    const kernels = builder.node("MatMul", [transpose(gradient, lastTwo), imagesOf(name, line)]);
    const byCell = times(transposed(kernelLine(basis, line)), reshape(kernels, [perLine, -1]));
    const image = wanted.input ? [builder.node("MatMul", [gradient, kernelsOf(name, line)])] : [];
    return { byCell, image };
  });
  const parts = both.map((line) => line.byCell);
  const byPair = transpose(builder.node("Sum", parts), [1, 0]);
  reshape(byPair, [filters, channels, ...kernelOf(layer)], wanted.weights);
  const images = both.flatMap((line) => line.image);
  if (images.length === 0) return undefined;
  return outOf(images, channels, transposed(basis.imageWidth), transposed(basis.imageHeight));
}

/** The rows of the kernel's matrix that belong to a line. */
function kernelLine({ kernel, perLine }: SpectralBasis, line: number): Matrix {
  const values = kernel.values.subarray(line * perLine * kernel.cols, (line + 1) * perLine * kernel.cols);
  return { rows: perLine, cols: kernel.cols, values };
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

  /** [rows, depth, height, width] to [perLine, rows, depth] of each line. */
  const into = (
    value: string,
    alongHeight: Matrix,
    alongWidth: Matrix,
    depth: number,
    nameOf?: (line: number) => string,
  ): string[] => {
    const byCell = transpose(reshape(value, [-1, cells]), [1, 0]);
    const down = reshape(times(alongHeight, reshape(byCell, [height, -1])), [lines * 2 * width, -1]);
    const parts = Array.from({ length: lines }, (_, line) => `${down}/line-${line}`);
    builder.nodeOf("Split", [down, builder.ints(parts.map(() => 2 * width))], parts, { axis: 0 });
    return parts.map((part, line) => reshape(times(alongWidth, part), [perLine, -1, depth], nameOf?.(line)));
  };
  /** [perLine, rows, depth] of each line to [rows, depth, height, width]. */
  const outOf = (values: readonly string[], depth: number, alongWidth: Matrix, alongHeight: Matrix): string => {
    const across = values.map((value) => times(alongWidth, reshape(value, [perLine, -1])));
    const together = builder.node("Concat", across, { axis: 0 });
    const byCell = times(alongHeight, reshape(together, [2 * lines, -1]));
    // Rows first, then each turned by itself, is three times as quick as all at once; the fourth axis keeps onnxruntime
    // from joining the two.
    const byRow = transpose(reshape(byCell, [cells, -1, depth]), [1, 0, 2]);
    const turned = transpose(reshape(byRow, [1, -1, cells, depth]), [0, 1, 3, 2]);
    return reshape(turned, [-1, depth, height, width]);
  };
  return { basis, channels, reshape, transpose, times, into, outOf };
}

/** [a, b, c] to [a, c, b], which onnxruntime makes a part of the product that reads it. */
const lastTwo = [0, 2, 1];
