/** @file A model that hands out its taps: all of them in one forward pass per batch, rows as float32 [rows, features]. */
import { InputError, reject } from "@linear-probes/core";
import { Tensor } from "onnxruntime-node";
import { batchOf } from "./batch-size.ts";
import { toFloat32 } from "./element-types.ts";
import { IN_PLACE_OPSET, runInPlace } from "./in-place.ts";
import { toFeeds } from "./inputs.ts";
import type { BatchPlan, RowBlock } from "./inputs.ts";
import type { TapFacts } from "./measure-taps.ts";
import { openSession, rejectRun } from "./open-session.ts";
import type { Device, Optimization } from "./open-session.ts";
import { printable } from "./printable.ts";
import { reduceInGraph } from "./reduce-in-graph.ts";
import type { Reducer } from "./reducers.ts";
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
  /** Rows per forward pass; default by the size of the taps, at most 16. The file may fix another. */
  readonly batch?: number;
  /** Default `all`. */
  readonly optimization?: Optimization;
  /** Default `cpu`. */
  readonly device?: Device;
  /** Of each tap; applied here where the graph itself can do it. Default: none. */
  readonly reducers?: readonly Reducer[];
}

export interface TappedSession {
  /** Rows per forward pass: asked for, unless the file fixes it or a tap needs its rows one by one. */
  readonly batch: number;
  readonly optimization: Optimization;
  readonly device: Device;
  /** Which taps come reduced already. */
  readonly reduced: readonly boolean[];
  /** Values [rows, features], or [rows, cols], of every tap, in the order given; at most `batch` rows. Valid until the next call. */
  run(block: RowBlock, rows: number): Promise<readonly Float32Array[]>;
  release(): Promise<void>;
}

export async function openTappedSession(
  model: ForeignModel,
  plan: BatchPlan,
  taps: readonly MeasuredTap[],
  options: TappedSessionOptions = {},
): Promise<TappedSession> {
  const reducers = options.reducers ?? [];
  const batch = batchOf(plan, taps, reducers, options.batch);
  const optimization = options.optimization ?? "all";
  const device = options.device ?? "cpu";
  const { nodes, names } =
    model.format === "onnx" ? reduceInGraph(model, taps, reducers) : { nodes: [], names: taps.map(({ name }) => name) };
  const reduced = taps.map(({ name }, i) => name !== names[i]);
  const read = taps.map((tap, i) => {
    const cols = reducers[i]?.cols ?? 0;
    return { ...tap, name: names[i] ?? tap.name, ...(reduced[i] && { shape: [cols], features: cols }) };
  });
  const places = placesFor(model, device, read, batch);
  const outputs = read.filter((tap) => !isFed(tap)).map(({ name }) => name);
  const session = await openSession(model, outputs, optimization, device, nodes, places !== undefined);
  const run = async (feeds: Readonly<Record<string, Tensor>>, whole: boolean) => {
    if (!places || !whole) return session.run(feeds, outputs);
    await runInPlace(session, feeds, places);
    return places;
  };
  return {
    batch,
    optimization,
    device,
    reduced,
    async run(block, rows) {
      if (!(rows > 0 && rows <= batch)) reject("rows of a run", `must be 1 to ${batch}`, rows);
      try {
        const feeds = toFeeds(model, plan, block, rows);
        const made = outputs.length > 0 ? await run(feeds, rows === batch) : {};
        return read.map((tap) => {
          const value = isFed(tap) ? feeds[tap.name] : made[tap.name];
          return valuesOf(tap, value, plan.fixedBatch ?? rows, rows);
        });
      } catch (cause) {
        return cause instanceof InputError
          ? Promise.reject(cause)
          : rejectRun(model, "onnxruntime must be able to run it", cause);
      }
    },
    release: () => session.release(),
  };
}

/** An input as a tap: what goes in. */
function isFed({ operator, type }: MeasuredTap): boolean {
  return operator === "input" && type === "float32";
}

/** Where whole batches are written to again and again, when that is possible for every tap that is not fed. */
function placesFor(
  model: ForeignModel,
  device: Device,
  taps: readonly MeasuredTap[],
  batch: number,
): Record<string, Tensor> | undefined {
  if (model.format !== "onnx" || model.opset < IN_PLACE_OPSET || device !== "cpu") return undefined;
  const made = taps.filter((tap) => !isFed(tap));
  const places = made.flatMap(({ name, type, shape, rows }) => {
    if (type !== "float32" || rows === null) return [];
    return [
      [name, new Tensor(type, new Float32Array(batch * product(shape)), tensorShape(shape, rows, batch))] as const,
    ];
  });
  return places.length === made.length ? Object.fromEntries(places) : undefined;
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
