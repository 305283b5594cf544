/** @file A model that hands out its taps: all of them in one forward pass per batch, rows as float32 [rows, features]. */
import { InputError, reject } from "@linear-probes/core";
import { Tensor } from "onnxruntime-node";
import { toFloat32 } from "./element-types.ts";
import { gatherInGraph } from "./gather-in-graph.ts";
import { toFeeds } from "./inputs.ts";
import type { BatchPlan, RowBlock } from "./inputs.ts";
import type { TapFacts } from "./measure-taps.ts";
import { openSession, rejectRun } from "./open-session.ts";
import type { Device, Optimization } from "./open-session.ts";
import { printable } from "./printable.ts";
import type { ForeignModel } from "../foreign-model.ts";
import { product, takeRows, tensorShape } from "./row-plan.ts";
import type { Layout } from "./tap-layout.ts";
import type { Tap } from "./taps.ts";

/** A tap that can be probed, with what the trial found. */
export interface MeasuredTap extends Tap, TapFacts {
  readonly features: number;
  /** Where the channels of an image-like row are, when the graph tells. */
  readonly layout?: Layout;
}

export interface TappedSessionOptions {
  /** Rows per forward pass; default 16. The file may fix another. */
  readonly batch?: number;
  /** Default `all`. */
  readonly optimization?: Optimization;
  /** Default `cpu`. */
  readonly device?: Device;
  /** Of each tap, the columns that are kept of a row; undefined keeps all. */
  readonly columns?: readonly (Int32Array | undefined)[];
}

export interface TappedSession {
  /** Rows per forward pass: asked for, unless the file fixes it or a tap needs its rows one by one. */
  readonly batch: number;
  readonly optimization: Optimization;
  readonly device: Device;
  /** Which taps come with their columns already picked. */
  readonly picked: readonly boolean[];
  /** Values [rows, features], or [rows, columns], of every tap, in the order given; at most `batch` rows. Valid until the next call. */
  run(block: RowBlock, rows: number): Promise<readonly Float32Array[]>;
  release(): Promise<void>;
}

/** Rows per forward pass of a session with these taps. */
export function batchOf(plan: BatchPlan, taps: readonly MeasuredTap[], asked = 16): number {
  if (!(Number.isInteger(asked) && asked > 0)) reject("batch", "must be a positive integer", asked);
  return plan.fixedBatch ?? (taps.some(({ rows }) => rows === null) ? 1 : asked);
}

export async function openTappedSession(
  model: ForeignModel,
  plan: BatchPlan,
  taps: readonly MeasuredTap[],
  options: TappedSessionOptions = {},
): Promise<TappedSession> {
  const batch = batchOf(plan, taps, options.batch);
  const optimization = options.optimization ?? "all";
  const device = options.device ?? "cpu";
  const columns = options.columns ?? [];
  const { nodes, names, inside } =
    model.format === "onnx"
      ? gatherInGraph(model, taps, columns)
      : { nodes: [], names: taps.map(({ name }) => name), inside: [] };
  const read = taps.map((tap, i) => {
    const count = columns[i]?.length ?? 0;
    return { ...tap, name: names[i] ?? tap.name, ...(inside[i] && { shape: [count], features: count }) };
  });
  const session = await openSession(model, names, optimization, device, nodes);
  const whole = model.format === "tfjs" ? names : preallocate(read, batch);
  return {
    batch,
    optimization,
    device,
    picked: taps.map((_, i) => inside[i] ?? false),
    async run(block, rows) {
      if (!(rows > 0 && rows <= batch)) reject("rows of a run", `must be 1 to ${batch}`, rows);
      try {
        const feeds = toFeeds(model, plan, block, rows);
        const outputs = await session.run(feeds, rows === batch ? whole : names);
        return read.map((tap) => valuesOf(tap, outputs[tap.name], plan.fixedBatch ?? rows, rows));
      } catch (cause) {
        return cause instanceof InputError
          ? Promise.reject(cause)
          : rejectRun(model, "onnxruntime must be able to run it", cause);
      }
    },
    release: () => session.release(),
  };
}

/** Outputs that whole batches are written into again and again, so that memory stays flat; null lets onnxruntime allocate. */
function preallocate(taps: readonly MeasuredTap[], batch: number): Record<string, Tensor | null> {
  return Object.fromEntries(
    taps.map(({ name, type, shape, rows, operator }) => {
      // An input that is also an output is handed through, not copied into the place given.
      if (type !== "float32" || rows === null || operator === "input") return [name, null];
      return [name, new Tensor("float32", new Float32Array(batch * product(shape)), tensorShape(shape, rows, batch))];
    }),
  );
}

/** The first `rows` rows of a tap out of a batch of `batch`. */
function valuesOf(tap: MeasuredTap, value: Tensor | undefined, batch: number, rows: number): Float32Array {
  const where = `tap "${printable(tap.name)}"`;
  if (!value) return reject(where, "must be returned by onnxruntime", "nothing");
  const data = toFloat32(value, tap.name);
  const values = tap.rows === null ? data : takeRows(data, value.dims, tap.rows, batch);
  if (values.length !== batch * tap.features)
    reject(
      where,
      `must keep the shape [${tap.shape.join(", ")}] of the trial run in every row`,
      `[${value.dims.join(", ")}]`,
      "give all inputs one size",
    );
  return rows === batch ? values : values.subarray(0, rows * tap.features);
}
