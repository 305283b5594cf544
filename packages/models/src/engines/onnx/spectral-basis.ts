/**
 * @file A two-dimensional convolution as products of spectra (Mathieu, Henaff & LeCun 2014, "Fast training of
 * convolutional networks through FFTs", section 2): images and kernels go to frequencies by small matrices, one axis
 * after the other, meet there in one product per frequency, and come back. Of a real image's frequencies half suffice
 * along the height. A complex product takes three real ones (Gauss; Knuth, The Art of Computer Programming 2, 4.6.4),
 * whose sums are part of the matrices. All maps are linear, so that gradients go through the same matrices, transposed.
 *
 * With images of 14 × 14 and kernels of 5 × 5 a pair of channels takes 432 products instead of 4,900.
 */
import { kernelOf } from "../../graph.ts";
import type { Convolution } from "../../graph.ts";

export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly values: Float32Array; // [rows, cols]
}

/** y = Σ over input channels of `back(kernel(w) ∘ image(x))`, where ∘ multiplies the products one by one. */
export interface SpectralBasis {
  /** Frequencies along the height, each with a real and an imaginary part. */
  readonly lines: number;
  /** Products of each line: three for every frequency along the width. */
  readonly perLine: number;
  readonly imageHeight: Matrix; // [2 lines, height]
  readonly imageWidth: Matrix; // [perLine, 2 width], of one line
  readonly kernel: Matrix; // [lines · perLine, kernel height · kernel width]
  readonly backWidth: Matrix; // [2 width, perLine], of one line
  readonly backHeight: Matrix; // [height, 2 lines]
}

/** Circular over `circle` × `ring` cells: what wraps around lands beyond the image, or reads zeros. */
function extents([height, width]: readonly [number, number], kernel: readonly [number, number]) {
  const [padHeight, padWidth] = [(kernel[0] - 1) / 2, (kernel[1] - 1) / 2];
  const [circle, ring] = [height + padHeight, width + padWidth];
  return { padHeight, padWidth, circle, ring, lines: Math.floor(circle / 2) + 1, perLine: 3 * ring };
}

/** Of a convolution that keeps height and width, padded with zeros. */
export function spectralBasis(
  [height, width]: readonly [number, number],
  kernel: readonly [number, number],
): SpectralBasis {
  const { padHeight, padWidth, circle, ring, lines, perLine } = extents([height, width], kernel);
  const down = (line: number, cell: number): number => (2 * Math.PI * line * cell) / circle;
  const across = (frequency: number, cell: number): number => (2 * Math.PI * frequency * cell) / ring;
  return {
    lines,
    perLine,
    imageHeight: matrix(2 * lines, height, (row, cell) => {
      const [line, part] = divide(row, 2);
      return part === 0 ? Math.cos(down(line, cell)) : -Math.sin(down(line, cell));
    }),
    imageWidth: matrix(perLine, 2 * width, (row, col) => {
      const [frequency, product] = divide(row, 3);
      const [part, cell] = divide(col, width);
      const [cos, sin] = [Math.cos(across(frequency, cell)), Math.sin(across(frequency, cell))];
      const [real, imaginary] = part === 0 ? [cos, -sin] : [sin, cos];
      return [real + imaginary, real, imaginary][product]!;
    }),
    kernel: matrix(lines * perLine, kernel[0] * kernel[1], (row, col) => {
      const [line, within] = divide(row, perLine);
      const [frequency, product] = divide(within, 3);
      const [i, j] = divide(col, kernel[1]);
      const angle = down(line, i - padHeight) + across(frequency, j - padWidth);
      const [real, imaginary] = [Math.cos(angle), Math.sin(angle)];
      return [real, imaginary - real, real + imaginary][product]!;
    }),
    backWidth: matrix(2 * width, perLine, (row, col) => {
      const [part, cell] = divide(row, width);
      const [frequency, product] = divide(col, 3);
      const [cos, sin] = [Math.cos(across(frequency, cell)) / ring, Math.sin(across(frequency, cell)) / ring];
      // The real part of a product is the first less the third, the imaginary part the first plus the second.
      const [ofReal, ofImaginary] = part === 0 ? [cos, -sin] : [sin, cos];
      return [ofReal + ofImaginary, ofImaginary, -ofReal][product]!;
    }),
    backHeight: matrix(height, 2 * lines, (cell, col) => {
      const [line, part] = divide(col, 2);
      const share = (line === 0 || 2 * line === circle ? 1 : 2) / circle; // the others stand for their mirror images too
      return share * (part === 0 ? Math.cos(down(line, cell)) : -Math.sin(down(line, cell)));
    }),
  };
}

/**
 * Whether spectra take less than half of the multiplications of a convolution, which is when they are quicker: their
 * products are smaller. `images` share a transformed kernel.
 */
export function spectraPay(
  layer: Convolution,
  [channels = 0, height = 0, width = 0]: readonly number[],
  images: number,
): boolean {
  if ((layer.stride ?? 1) !== 1) return false;
  const area = kernelOf(layer)[0] * kernelOf(layer)[1];
  const { lines, perLine } = extents([height, width], kernelOf(layer));
  const pairs = channels * layer.filters;
  const perImage = 2 * lines * (height * width + perLine * width);
  const products = lines * perLine * pairs + (channels + layer.filters) * perImage;
  return 2 * (products + (lines * perLine * area * pairs) / images) < height * width * area * pairs;
}

export function transposed({ rows, cols, values }: Matrix): Matrix {
  return matrix(cols, rows, (row, col) => values[col * cols + row]!);
}

function matrix(rows: number, cols: number, at: (row: number, col: number) => number): Matrix {
  return { rows, cols, values: Float32Array.from({ length: rows * cols }, (_, i) => at(...divide(i, cols))) };
}

/** Quotient and remainder. */
function divide(value: number, by: number): [number, number] {
  return [Math.floor(value / by), value % by];
}
