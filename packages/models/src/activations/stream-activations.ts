/**
 * @file Activations of taps: the inputs pass once through the layers that the taps need, in batches of a fixed size,
 * each batch in a one-thread session, and every block goes straight to the sink of its tap, in row order. The bits
 * depend on the batch size, never on the number of threads or on which other taps are asked for.
 */
import { reject } from "@linear-probes/core";
import type { FeatureWriter } from "@linear-probes/core";
import { size } from "../graph.ts";
import type { LayerGraph } from "../graph.ts";
import { onnxModel } from "../graph-export.ts";
import type { Parameters } from "../graph-parameters.ts";
import type { ForwardPlan } from "./forward-plan.ts";
import { openForwardThread } from "./forward-threads.ts";

/**
 * Takes [m, features] values of rows rowStart .. rowStart+m-1. The block is only lent. A FeatureWriter is one. Where it
 * has a place for the rows, they are computed there and given to `write` as they lie.
 */
export type BlockSink = Pick<FeatureWriter, "write"> & Partial<Pick<FeatureWriter, "place">>;

export interface InputRows {
  readonly rows: number;
  /** Inputs [to - from, ...input shape] of the graph. */
  read(from: number, to: number): Float32Array;
}

export interface StreamActivationsOptions {
  /** Rows per session run. Default 50, which divides the sizes of the common data sets. */
  readonly batch?: number;
  readonly threads?: number;
  /** Rows done, of how many. */
  readonly onProgress?: (rows: number, of: number) => void;
  readonly signal?: AbortSignal;
}

/** Rows that lie in memory. */
export function inputRows(inputs: Float32Array, rows: number): InputRows {
  const width = inputs.length / rows;
  return { rows, read: (from, to) => inputs.subarray(from * width, to * width) };
}

/** Sends the values of every tap in `sinks` to its sink. Fails with the signal's reason when aborted. */
export async function streamActivations(
  graph: LayerGraph,
  parameters: Parameters,
  inputs: InputRows,
  sinks: ReadonlyMap<string, BlockSink>,
  options: StreamActivationsOptions = {},
): Promise<void> {
  const batch = options.batch ?? 50;
  if (!(Number.isInteger(batch) && batch > 0)) reject("activations", "batch must be a positive integer", batch);
  const taps = [...sinks.keys()];
  const computed = taps.filter((tap) => tap !== graph.input);
  const batches = Math.ceil(inputs.rows / batch);
  const workers = computed.length === 0 ? 0 : Math.max(1, Math.min(options.threads ?? 1, batches));
  // Not by way of spectra: whoever imports the exported network gets these bits.
  const model = workers > 0 ? onnxModel(graph, parameters, computed) : new Uint8Array();
  const pool = Array.from({ length: workers }, () => openForwardThread(planOf(graph, model, computed, batch)));
  // Each worker computes into one slot while the other is copied out.
  const slots = pool.flatMap((worker) => [0, 1].map((slot) => ({ worker, slot })));
  slots.sort((a, b) => a.slot - b.slot);

  const pending: (Promise<ReadonlyMap<string, Float32Array>> | undefined)[] = [];
  const dispatch = (index: number): void => {
    const at = slots[index % slots.length];
    if (at === undefined || index >= batches) return;
    const [from, to] = [index * batch, Math.min((index + 1) * batch, inputs.rows)];
    const places = computed.map((tap) => sinks.get(tap)?.place?.(from, to - from));
    const result = at.worker.run(at.slot, inputs.read(from, to), to - from, places);
    result.catch(() => {}); // looked at below; until then not an unhandled rejection
    pending[index] = result;
  };
  try {
    for (let index = 0; index < slots.length; index++) dispatch(index);
    for (let index = 0; index < batches; index++) {
      options.signal?.throwIfAborted();
      const from = index * batch;
      const blocks = await pending[index];
      pending[index] = undefined;
      sinks.get(graph.input)?.write(from, inputs.read(from, Math.min(from + batch, inputs.rows)));
      for (const [tap, block] of blocks ?? []) sinks.get(tap)?.write(from, block);
      dispatch(index + slots.length);
      options.onProgress?.(Math.min(from + batch, inputs.rows), inputs.rows);
    }
  } finally {
    await Promise.allSettled(pending.filter((result) => result !== undefined));
    await Promise.all(pool.map((worker) => worker.close()));
  }
}

function planOf(graph: LayerGraph, model: Uint8Array, taps: readonly string[], batch: number): ForwardPlan {
  const buffer = (layer: string): SharedArrayBuffer => new SharedArrayBuffer(batch * size(graph.shapeOf(layer)) * 4);
  const slot = (): ForwardPlan["slots"][number] => ({
    input: buffer(graph.input),
    outputs: taps.map((tap) => buffer(tap)),
  });
  return {
    model,
    input: { name: graph.input, shape: graph.inputShape },
    outputs: taps.map((tap) => ({ name: tap, shape: graph.shapeOf(tap) })),
    slots: [slot(), slot()],
  };
}
