/** @file Adaptive pooling of one image to a coarse grid: cell i of n covers ⌊i·h/n⌋ … ⌈(i+1)·h/n⌉ (as in PyTorch). */

export interface PoolGridOptions {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly channelsLast: boolean;
  /** At most so many features, but at least one a channel. */
  readonly budget: number;
  readonly max: boolean;
}

export interface PoolGrid {
  readonly cols: number; // channels · grid height · grid width
  readonly rows: number; // of the grid
  readonly columns: number;
  /** One row in, one row out, in the layout of the tap. */
  readonly row: (values: Float32Array, from: number, out: Float32Array, to: number) => void;
}

/** The finest grid within the budget whose cells are about square. */
export function poolGrid({ channels, height, width, channelsLast, budget, max }: PoolGridOptions): PoolGrid {
  const cells = Math.max(1, Math.floor(budget / channels));
  let [rows, columns] = [1, 1];
  for (let h = 1; h <= height; h++) {
    const w = Math.min(width, Math.max(1, Math.round((h * width) / height)));
    if (h * w <= cells) [rows, columns] = [h, w];
  }
  const [pixelStep, channelStep] = channelsLast ? [channels, 1] : [1, height * width];
  const [cellStep, outStep] = channelsLast ? [channels, 1] : [1, rows * columns];
  const pool = (values: Float32Array, start: number, i: number, j: number): number => {
    const [top, bottom] = cellRange(i, height, rows);
    const [left, right] = cellRange(j, width, columns);
    let result = max ? Number.NEGATIVE_INFINITY : 0;
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const value = values[start + (y * width + x) * pixelStep]!;
        result = max ? Math.max(result, value) : result + value;
      }
    }
    return max ? result : result / ((bottom - top) * (right - left));
  };
  return {
    cols: channels * rows * columns,
    rows,
    columns,
    row(values, from, out, to) {
      for (let channel = 0; channel < channels; channel++)
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < columns; j++)
            out[to + channel * outStep + (i * columns + j) * cellStep] = pool(
              values,
              from + channel * channelStep,
              i,
              j,
            );
    },
  };
}

/** Where cell i of `cells` along an axis of `extent` begins, and where it ends. */
export function cellRange(i: number, extent: number, cells: number): readonly [number, number] {
  return [Math.floor((i * extent) / cells), Math.ceil(((i + 1) * extent) / cells)];
}
