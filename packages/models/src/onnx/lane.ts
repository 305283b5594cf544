/**
 * @file A lane takes rows in and gives reduced taps out. Several lanes side by side, each on one thread, are how a forward
 * pass uses more cores: every batch is computed the same way whichever lane takes it, so results do not depend on them.
 */
import { rootStream } from "@linear-probes/core";
import type { BatchPlan, RowBlock } from "./inputs.ts";
import type { Device, Optimization } from "./open-session.ts";
import type { ForeignModel } from "../foreign-model.ts";
import { createReducer } from "./reducers.ts";
import { openTappedSession } from "./tapped-session.ts";
import type { MeasuredTap, TappedSessionOptions } from "./tapped-session.ts";

export interface LaneOptions extends Omit<TappedSessionOptions, "reducers"> {
  /** Reducer for every tap, e.g. "random:1000"; default "none". */
  readonly reducer?: string;
  /** Path of the stream that random reducers draw from. */
  readonly stream: string;
  /** The input that says which tokens count, for mean-tokens; default "attention_mask" where the model has it. */
  readonly maskInput?: string;
}

export interface Lane {
  readonly taps: readonly MeasuredTap[];
  /** Features of each tap after the reducer. */
  readonly cols: readonly number[];
  readonly batch: number;
  readonly optimization: Optimization;
  readonly device: Device;
  /** Reduced values [rows, cols] of each tap; at most `batch` rows. Valid until the next call. */
  run(block: RowBlock, rows: number): Promise<readonly Float32Array[]>;
  release(): Promise<void>;
}

/** A lane on the calling thread. */
export async function openLane(
  model: ForeignModel,
  plan: BatchPlan,
  taps: readonly MeasuredTap[],
  options: LaneOptions,
): Promise<Lane> {
  const stream = rootStream(options.stream);
  const reducers = taps.map((tap) => createReducer(options.reducer ?? "none", tap, stream));
  const session = await openTappedSession(model, plan, taps, { ...options, reducers });
  const maskInput = options.maskInput ?? "attention_mask";
  return {
    taps,
    cols: reducers.map(({ cols }) => cols),
    batch: session.batch,
    optimization: session.optimization,
    device: session.device,
    async run(block, rows) {
      const values = await session.run(block, rows);
      const mask = Object.hasOwn(block, maskInput) ? block[maskInput]?.data : undefined;
      return reducers.map((reducer, i) => {
        const own = values[i] ?? new Float32Array(0);
        return session.reduced[i] ? own : reducer.apply(own, rows, mask);
      });
    },
    release: () => session.release(),
  };
}
