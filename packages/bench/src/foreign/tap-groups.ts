/**
 * @file Which taps share a forward pass, and how many rows are computed between two writes to the store. Both follow from
 * the taps and the reducer alone: onnxruntime fuses differently for other taps, so bits may depend on the groups.
 */
import { batchOf, type MeasuredTap, type Reducer } from "@linear-probes/models";

export interface ReducedTap {
  readonly tap: MeasuredTap;
  readonly reducer: Reducer;
  readonly cols: number; // after the reducer
}

export interface TapGroup {
  readonly taps: readonly ReducedTap[]; // in depth order
  readonly batch: number; // rows per forward pass
  readonly blockRows: number; // a multiple of batch
}

const MOST_BATCH_BYTES = 2 ** 29; // of unreduced taps of one batch, per thread
const MOST_BLOCK_BYTES = 2 ** 27; // of reduced taps between two writes
const MOST_BLOCK_ROWS = 512; // between two writes: what a stopped run may lose

/** `fixed` is the batch size that the file dictates, and `asked` the user's; without either it follows from the taps. */
export function groupTaps(
  taps: readonly ReducedTap[],
  asked: number | undefined,
  fixed: number | null,
): readonly TapGroup[] {
  const groups: ReducedTap[][] = [];
  let bytes = Infinity;
  let alone = false;
  for (const reduced of taps) {
    const { tap, cols } = reduced;
    const oneByOne = tap.rows === null; // its rows depend on their batch
    const own = 4 * (fixed ?? (oneByOne ? 1 : (asked ?? 1))) * (tap.features + cols);
    bytes += own;
    if (bytes > MOST_BATCH_BYTES || oneByOne !== alone) {
      groups.push([]);
      bytes = own;
      alone = oneByOne;
    }
    groups.at(-1)?.push(reduced);
  }
  return groups.map((taps) => {
    const reducers = taps.map(({ reducer }) => reducer);
    const batch = batchOf(
      { fixedBatch: fixed },
      taps.map(({ tap }) => tap),
      reducers,
      asked,
    );
    const rowBytes = 4 * taps.reduce((sum, { cols }) => sum + cols, 0);
    const rows = Math.min(MOST_BLOCK_ROWS, MOST_BLOCK_BYTES / rowBytes);
    return { taps, batch, blockRows: batch * Math.max(1, Math.floor(rows / batch)) };
  });
}
