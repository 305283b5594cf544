/**
 * @file Convolutions to ONNX operators by way of spectra: the maps of `spectral-basis.ts` as matrix products. One line of
 * frequencies after the other, since what lies between the products of one line stays in a cache and of all does not.
 */
import { kernelOf } from "../../graph.ts";
import type { Convolution, LayerGraph } from "../../graph.ts";
import { poolCells, unpoolCells } from "./cell-pool.ts";
import type { ModelBuilder } from "./model-builder.ts";
import { spectralBasis, transposed } from "./spectral-basis.ts";
import type { Matrix, SpectralBasis } from "./spectral-basis.ts";

/** Values that the forward pass leaves for the backward pass, of each line of frequencies; products first. */
const imagesOf = (layer: string, line: number): string => `${layer}/spectra/${line}`; // [products, rows, channels]
const kernelsOf = (layer: string, line: number): string => `${layer}/weights-spectra/${line}`; // [products, filters, channels]

/** Adds the layer's output, under its own name; given a `pool` that alone reads it, the pool's in its place. */
export function spectralForward(layer: Convolution, builder: ModelBuilder, graph: LayerGraph, pool?: string): void {
  const { name, filters } = layer;
  const { basis, channels, height, width, reshape, transpose, times, into, outOf, toImages, toCells } = planOf(
    layer,
    builder,
    graph,
  );
  const { perLine } = basis;
  const flat = transpose(reshape(`${name}/weights`, [filters * channels, -1]), [1, 0]);
  const cells = toCells(layer.from, height * width);
  const images = into(cells, basis.imageHeight, basis.imageWidth, channels, (line) => imagesOf(name, line));
  const met = images.map((image, line) => {
    const kernels = reshape(times(kernelLine(basis, line), flat), [perLine, filters, channels], kernelsOf(name, line));
    return builder.node("MatMul", [image, transpose(kernels, lastTwo)]);
  });
  const byCell = outOf(met, basis.backWidth, basis.backHeight);
  if (pool === undefined) {
    const values = toImages(byCell, filters, height, width);
    builder.node("Add", [values, reshape(`${name}/bias`, [filters, 1, 1])], {}, name);
    return;
  }
  // The bias can wait until fewer values are left: rounding keeps their order.
  const fewer = reshape(poolCells(builder, { name, height, width }, byCell), [(height * width) / 4, -1, filters]);
  const pooled = builder.node("Add", [fewer, `${name}/bias`]);
  builder.node("Identity", [toImages(pooled, filters, height / 2, width / 2)], {}, pool);
}

interface WantedGradients {
  readonly weights: string; // names
  readonly bias: string;
  readonly input: boolean;
}

/**
 * After `spectralForward`: adds the gradients by the kernels and biases under the names given, returns that by the input
 * if wanted. `dY` is the gradient by the layer's output, or by that of the pool in its place.
 */
export function spectralBackward(
  layer: Convolution,
  dY: string,
  builder: ModelBuilder,
  graph: LayerGraph,
  wanted: WantedGradients,
  pooled: boolean,
): string | undefined {
  const { name, filters } = layer;
  const { basis, channels, height, width, reshape, transpose, times, into, outOf, toImages, toCells } = planOf(
    layer,
    builder,
    graph,
  );
  const { perLine } = basis;
  const given = toCells(dY, pooled ? (height * width) / 4 : height * width);
  builder.node("ReduceSum", [reshape(given, [-1, filters]), builder.ints([0])], { keepdims: 0 }, wanted.bias);
  const cells = pooled ? unpoolCells(builder, { name, height, width }, given) : given;
  const gradients = into(cells, transposed(basis.backHeight), transposed(basis.backWidth), filters);
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
  return toImages(outOf(images, transposed(basis.imageWidth), transposed(basis.imageHeight)), channels, height, width);
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
  const reshape = (value: string, dims: readonly number[], name?: string): string =>
    builder.node("Reshape", [value, builder.ints(dims)], {}, name);
  const transpose = (value: string, perm: readonly number[]): string =>
    builder.node("Transpose", [value], { perm: [...perm] });
  const times = ({ rows, cols, values }: Matrix, value: string): string =>
    builder.node("MatMul", [builder.matrix(values, [rows, cols]), value]);

  /** [rows, depth, …cells] to [cells, rows · depth]. */
  const toCells = (value: string, count: number): string => transpose(reshape(value, [-1, count]), [1, 0]);
  /** [cells, rows · depth] to [rows, depth, tall, wide]. */
  const toImages = (byCell: string, depth: number, tall: number, wide: number): string => {
    // Rows first, then each turned by itself, is three times as quick as all at once; the fourth axis keeps onnxruntime
    // from joining the two.
    const byRow = transpose(reshape(byCell, [tall * wide, -1, depth]), [1, 0, 2]);
    const turned = transpose(reshape(byRow, [1, -1, tall * wide, depth]), [0, 1, 3, 2]);
    return reshape(turned, [-1, depth, tall, wide]);
  };
  /** [cells, rows · depth] to [perLine, rows, depth] of each line. */
  const into = (
    byCell: string,
    alongHeight: Matrix,
    alongWidth: Matrix,
    depth: number,
    nameOf?: (line: number) => string,
  ): string[] => {
    const down = reshape(times(alongHeight, reshape(byCell, [height, -1])), [lines * 2 * width, -1]);
    const parts = Array.from({ length: lines }, (_, line) => `${down}/line-${line}`);
    builder.nodeOf("Split", [down, builder.ints(parts.map(() => 2 * width))], parts, { axis: 0 });
    return parts.map((part, line) => reshape(times(alongWidth, part), [perLine, -1, depth], nameOf?.(line)));
  };
  /** [perLine, rows, depth] of each line to [height, width · rows · depth]. */
  const outOf = (values: readonly string[], alongWidth: Matrix, alongHeight: Matrix): string => {
    const across = values.map((value) => times(alongWidth, reshape(value, [perLine, -1])));
    const together = builder.node("Concat", across, { axis: 0 });
    return times(alongHeight, reshape(together, [2 * lines, -1]));
  };
  return { basis, channels, height, width, reshape, transpose, times, into, outOf, toImages, toCells };
}

/** [a, b, c] to [a, c, b], which onnxruntime makes a part of the product that reads it. */
const lastTwo = [0, 2, 1];
