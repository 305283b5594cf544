/** @file Samples of rows that are spread over all of them. */
import type { Stream } from "./stream.ts";

const MOMENTS_FRACTION = 0.1; // as good as all rows, measured
const ROWS_PER_COLUMN = 4; // fewer rows would underrate the small eigenvalues

/** One row from each of `size` equal stretches of 0 .. n-1: distinct, rising. */
export function spreadRows(n: number, size: number, stream: Stream): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => {
    const first = Math.floor((i * n) / size);
    const next = Math.floor(((i + 1) * n) / size);
    return first + stream.integer(next - first);
  });
}

/** Rows enough for the second moments of d columns; undefined: all of them. */
export function rowsForMoments(n: number, d: number, stream: Stream): Int32Array | undefined {
  const size = Math.min(n, Math.max(Math.ceil(MOMENTS_FRACTION * n), ROWS_PER_COLUMN * d));
  return size === n ? undefined : spreadRows(n, size, stream);
}
