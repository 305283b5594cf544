/** @file A model that hands out its taps: all of them in one forward pass per batch, rows as float32 [rows, features]. */
import { InputError, reject } from "@linear-probes/core";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { toFloat32 } from "./element-types.ts";
import { toFeeds } from "./inputs.ts";
import type { BatchPlan, RowBlock } from "./inputs.ts";
import type { TapFacts } from "./measure-taps.ts";
import { openSession, rejectRun } from "./open-session.ts";
import type { Optimization } from "./open-session.ts";
import { printable } from "./printable.ts";
import type { OnnxModel } from "./read-model.ts";
import { product, takeRows } from "./row-plan.ts";
import type { Tap } from "./taps.ts";

/** A tap that can be probed, with what the trial found. */
export interface MeasuredTap extends Tap, TapFacts {
  readonly features: number;
}

export interface TappedSessionOptions {
  /** Rows per forward pass; default 32. The file may fix another. */
  readonly batch?: number;
  /** Default `all`. */
  readonly optimization?: Optimization;
}

export interface TappedSession {
  readonly model: OnnxModel;
  readonly taps: readonly MeasuredTap[];
  /** Rows per forward pass: asked for, unless the file fixes it or a tap needs its rows one by one. */
  readonly batch: number;
  readonly optimization: Optimization;
  /** Values [rows, features] of every tap, in the order of `taps`; at most `batch` rows. Valid until the next call. */
  run(block: RowBlock, rows: number): Promise<readonly Float32Array[]>;
  release(): Promise<void>;
}

export async function openTappedSession(
  model: OnnxModel,
  plan: BatchPlan,
  taps: readonly MeasuredTap[],
  options: TappedSessionOptions = {},
): Promise<TappedSession> {
  const asked = options.batch ?? 32;
  if (!(Number.isInteger(asked) && asked > 0)) reject("batch", "must be a positive integer", asked);
  const batch = plan.fixedBatch ?? (taps.some(({ rows }) => rows === null) ? 1 : asked);
  const optimization = options.optimization ?? "all";
  const names = taps.map(({ name }) => name);
  const session: InferenceSession = await openSession(model, names, optimization);
  return {
    model,
    taps,
    batch,
    optimization,
    async run(block, rows) {
      if (!(rows > 0 && rows <= batch)) reject("rows of a run", `must be 1 to ${batch}`, rows);
      const outputs = await runOnce(model, session, () => toFeeds(model, plan, block, rows), names);
      return taps.map((tap) => valuesOf(tap, outputs[tap.name], plan.fixedBatch ?? rows, rows));
    },
    release: () => session.release(),
  };
}

async function runOnce(
  model: OnnxModel,
  session: InferenceSession,
  feeds: () => Record<string, Tensor>,
  names: readonly string[],
): Promise<Readonly<Record<string, Tensor>>> {
  try {
    return await session.run(feeds(), names);
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    return rejectRun(model, "onnxruntime must be able to run it", cause);
  }
}

/** The first `rows` rows of a tap out of a batch of `batch`. */
function valuesOf(tap: MeasuredTap, value: Tensor | undefined, batch: number, rows: number): Float32Array {
  const where = `tap "${printable(tap.name)}"`;
  if (!value) return reject(where, "must be returned by onnxruntime", "nothing");
  const data = toFloat32(value, tap.name);
  const values = tap.rows === null ? data : takeRows(data, value.dims, tap.rows, batch);
  const expected = batch * tap.features;
  if (values.length !== expected)
    reject(
      where,
      `must keep the shape [${tap.shape.join(", ")}] of the trial run in every row`,
      `[${value.dims.join(", ")}]`,
      "give all inputs one size",
    );
  return rows === batch ? values : values.subarray(0, rows * tap.features);
}

/** Number of features of a row of this shape. */
export function featureCount(shape: readonly number[]): number {
  return product(shape);
}
