/** @file How many rows one forward pass takes. */
import { reject } from "@linear-probes/core";
import type { BatchPlan } from "./inputs.ts";
import { reducesInGraph } from "./reduce-in-graph.ts";
import type { Reducer } from "./reducers.ts";
import type { MeasuredTap } from "./tapped-session.ts";

const MOST_ROWS = 16;

/**
 * Of the taps of one pass, as they leave onnxruntime: what fits the caches is written and read at little cost, and where
 * outputs are copied (see in-place.ts), beyond 32 MiB malloc asks the system for new pages each time. On the processor larger
 * batches are no faster.
 */
const MOST_BYTES = 2 ** 24;

/** Rows per pass when nobody asks for a number: up to 16, fewer where the taps are large. */
function batchFor(taps: readonly MeasuredTap[], reducers: readonly (Reducer | undefined)[]): number {
  const values = taps.reduce((sum, tap, i) => sum + valuesLeaving(tap, reducers[i]), 0);
  return Math.min(MOST_ROWS, Math.max(1, Math.floor(MOST_BYTES / (4 * Math.max(1, values)))));
}

/** Values of a row that leave the graph. */
function valuesLeaving(tap: MeasuredTap, reducer: Reducer | undefined): number {
  return reducer && reducesInGraph(tap, reducer) ? reducer.cols : tap.features;
}

/** Rows per forward pass of a session with these taps: the file may fix them, and a tap may need its rows one by one. */
export function batchOf(
  { fixedBatch }: Pick<BatchPlan, "fixedBatch">,
  taps: readonly MeasuredTap[],
  reducers: readonly (Reducer | undefined)[],
  asked?: number,
): number {
  if (asked !== undefined && !(Number.isInteger(asked) && asked > 0))
    reject("batch", "must be a positive integer", asked);
  return fixedBatch ?? (taps.some(({ rows }) => rows === null) ? 1 : (asked ?? batchFor(taps, reducers)));
}
