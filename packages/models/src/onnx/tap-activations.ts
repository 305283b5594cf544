/**
 * @file From inputs to features: one pass over the rows, one forward pass per batch for all taps, each tap reduced and
 * written to its place at once. Memory is one batch a lane, however many rows.
 */
import type { FeatureWriter } from "@linear-probes/core";
import type { BatchPlan, RowSource } from "./inputs.ts";
import { openLane } from "./lane.ts";
import type { Lane, LaneOptions } from "./lane.ts";
import type { ForeignModel } from "../foreign-model.ts";
import type { MeasuredTap } from "./tapped-session.ts";
import { openWorkerLane } from "./worker-lane.ts";

/** One lane on the calling thread, or `threads` of them beside it. */
export async function openLanes(
  model: ForeignModel,
  plan: BatchPlan,
  taps: readonly MeasuredTap[],
  options: LaneOptions,
  threads = 1,
): Promise<readonly Lane[]> {
  // A graphics card is one for the whole process, and onnxruntime's WebGPU ends it when two threads use it at a time.
  const alone = (options.device ?? "cpu") !== "cpu";
  if (alone || !(threads > 1)) return [await openLane(model, plan, taps, options)];
  const opened = await Promise.allSettled(
    Array.from({ length: threads }, () => openWorkerLane(model, plan, taps, options)),
  );
  const failed = opened.find((lane) => lane.status === "rejected");
  const lanes = opened.flatMap((lane) => (lane.status === "fulfilled" ? [lane.value] : []));
  if (!failed) return lanes;
  await releaseLanes(lanes);
  throw failed.reason;
}

export async function releaseLanes(lanes: readonly Lane[]): Promise<void> {
  await Promise.all(lanes.map((lane) => lane.release()));
}

export interface TapActivationsOptions {
  readonly onRows?: (done: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Runs all rows of `source` and writes each tap's features to the writer of the same place (rows [source.rows, cols]).
 * The writers are the caller's to finish, or to abandon when this throws.
 */
export async function writeTapActivations(
  lanes: readonly Lane[],
  source: RowSource,
  writers: readonly Pick<FeatureWriter, "write">[],
  options: TapActivationsOptions = {},
): Promise<void> {
  let next = 0;
  let done = 0;
  const failure = new AbortController(); // one lane's error stops the others
  const drive = async (lane: Lane): Promise<void> => {
    while (next < source.rows && !failure.signal.aborted) {
      options.signal?.throwIfAborted();
      const start = next;
      const rows = Math.min(lane.batch, source.rows - start);
      next += rows;
      const values = await lane.run(await source.read(start, rows), rows);
      for (const [i, writer] of writers.entries()) writer.write(start, values[i] ?? new Float32Array(0));
      done += rows;
      options.onRows?.(done);
    }
  };
  const ends = await Promise.allSettled(
    lanes.map((lane) =>
      drive(lane).catch((error: unknown) => {
        failure.abort();
        throw error;
      }),
    ),
  );
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
