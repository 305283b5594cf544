/**
 * @file Reduced activations of a foreign model, block by block of rows, through the store: a block is computed for all
 * taps of a group at once when one of them is missing. The key of a block holds the model's weights, the tap, the
 * reducer, the rows, the preprocessing, the dtype and this code, so a changed weight misses and a touched file hits.
 */
import { type Features, type FeatureWriter, reject, type Runtime } from "@linear-probes/core";
import {
  type ActivationDtype,
  activationFacts,
  type Device,
  type Lane,
  type LaneOptions,
  openLanes,
  printable,
  releaseLanes,
  type RowSource,
  type TappedModel,
  writeTapActivations,
} from "@linear-probes/models";
import type { Effects } from "../effects.ts";
import { Interrupted } from "../stop-flag.ts";
import type { Store } from "../store.ts";
import type { Cost, Facts, StoredArray } from "../stored-value.ts";
import type { ReducedTap, TapGroup } from "./tap-groups.ts";
import { toFloat16 } from "./to-float16.ts";

export interface ActivationOptions {
  readonly tapped: Pick<TappedModel, "model" | "plan">;
  readonly source: RowSource;
  readonly inputs: string; // content hash of the rows
  readonly preprocess: string;
  readonly reducer: string;
  readonly dtype: ActivationDtype;
  readonly stream: string; // path; random reducers draw from it
  readonly code: string; // fingerprint
  readonly device: Device;
  readonly threads: number;
  readonly store: Store;
  readonly effects: Pick<Effects, "seconds" | "peakRssMiB" | "stop">;
  /** Told of rows that went through the network. */
  readonly onRows?: (group: TapGroup, rows: number) => void;
  readonly onUse?: (facts: Facts, cost: Cost, reused: boolean) => void;
}

export interface StoredActivations {
  /** What the activations of a tap depend on, whatever the rows asked for. */
  facts(group: TapGroup, tap: ReducedTap): Facts;
  /** Computes what is missing of these taps of the group. */
  prepare(group: TapGroup, taps: readonly ReducedTap[]): Promise<void>;
  /** The features of a tap, for each list of row numbers. A value that is not finite is an InputError. */
  load(runtime: Runtime, group: TapGroup, tap: ReducedTap, parts: readonly Int32Array[]): Promise<readonly Features[]>;
  /** Closes the networks; they are opened again when needed. */
  release(): Promise<void>;
}

export function storedActivations(options: ActivationOptions): StoredActivations {
  const { store, source, tapped, effects } = options;
  const { reducer, stream, inputs, preprocess, dtype, device, code } = options;
  let opened: { readonly group: TapGroup; readonly lanes: readonly Lane[] } | undefined;

  const facts = ({ taps, batch }: TapGroup, { tap }: ReducedTap): Facts => {
    const lane = { batch, optimization: "all" as const, device, taps: taps.map(({ tap }) => tap) };
    const known = activationFacts(tapped.model, lane, tap, { reducer, stream, inputs, preprocess, dtype });
    return { kind: "onnx-activations", ...known, code };
  };
  const blockFacts = (group: TapGroup, tap: ReducedTap, start: number): Facts => ({
    ...facts(group, tap),
    rows: [start, Math.min(start + group.blockRows, source.rows)],
  });

  const release = async (): Promise<void> => {
    await releaseLanes(opened?.lanes ?? []);
    opened = undefined;
  };

  const lanesOf = async (group: TapGroup): Promise<readonly Lane[]> => {
    if (opened?.group === group) return opened.lanes;
    await release();
    const laneOptions: LaneOptions = { batch: group.batch, reducer, stream, device };
    const taps = group.taps.map(({ tap }) => tap);
    const lanes = await openLanes(tapped.model, tapped.plan, taps, laneOptions, options.threads);
    opened = { group, lanes };
    return lanes;
  };

  /** Runs the rows of one block and keeps the taps wanted; returns their values. */
  const compute = async (group: TapGroup, wanted: readonly ReducedTap[], start: number): Promise<Kept[]> => {
    const lanes = await lanesOf(group);
    const begun = effects.seconds();
    const rows = Math.min(group.blockRows, source.rows - start);
    const values = wanted.map(({ cols }) => new Float32Array(rows * cols));
    const writers = group.taps.map((tap) => {
      const place = values[wanted.indexOf(tap)];
      return { write: (row: number, block: Float32Array) => place?.set(block, row * tap.cols) };
    });
    const abort = new AbortController();
    let told = 0;
    await writeTapActivations(lanes, { rows, read: (row, count) => source.read(start + row, count) }, writers, {
      signal: abort.signal,
      onRows(done) {
        options.onRows?.(group, done - told);
        told = done;
        if (effects.stop.requested()) abort.abort(new Interrupted());
      },
    });
    effects.stop.check();
    const seconds = (effects.seconds() - begun) / wanted.length;
    const cost: Cost = { seconds: { activations: seconds }, peakRssMiB: effects.peakRssMiB() };
    return wanted.map((tap, i) => {
      const key = blockFacts(group, tap, start);
      const own = values[i] ?? new Float32Array();
      const kept = dtype === "float16" ? toFloat16(own, tap.tap.name) : own;
      store.put(key, { json: null, arrays: { values: kept } }, cost);
      options.onUse?.(key, cost, false);
      return kept;
    });
  };

  const block = async (group: TapGroup, tap: ReducedTap, start: number): Promise<Kept> => {
    const key = blockFacts(group, tap, start);
    const entry = store.get(key);
    const stored = entry?.arrays["values"];
    const rows = Math.min(group.blockRows, source.rows - start);
    if (entry !== undefined && isKept(stored) && stored.length === rows * tap.cols) {
      options.onUse?.(key, entry.cost, true);
      return stored;
    }
    return (await compute(group, [tap], start))[0] ?? new Float32Array();
  };

  return {
    facts,
    async prepare(group, taps) {
      for (let start = 0; start < source.rows; start += group.blockRows) {
        effects.stop.check();
        const missing = taps.filter((tap) => !store.has(blockFacts(group, tap, start)));
        if (missing.length > 0) await compute(group, missing, start);
        else options.onRows?.(group, Math.min(group.blockRows, source.rows - start));
      }
    },
    async load(runtime, group, tap, parts) {
      const name = printable(tap.tap.name);
      const writers = parts.map((rows) => ({
        rows,
        written: 0,
        writer: runtime.createFeatures({ rows: rows.length, cols: tap.cols, name }),
      }));
      try {
        for (let start = 0; start < source.rows; start += group.blockRows) {
          const end = Math.min(start + group.blockRows, source.rows);
          const here = writers.filter(({ rows }) => rows.some((row) => row >= start && row < end));
          if (here.length === 0) continue;
          const values = await block(group, tap, start);
          for (const part of here) part.written += copyRows(values, tap.cols, start, end, part);
        }
        return writers.map(({ writer }) => writer.finish());
      } catch (error) {
        for (const { writer } of writers) writer.abandon();
        throw error;
      }
    },
    release,
  };
}

/** A block of a tap, as it is in the store. */
type Kept = Float32Array | Float16Array;

function isKept(values: StoredArray | undefined): values is Kept {
  return values instanceof Float32Array || values instanceof Float16Array;
}

interface Part {
  readonly rows: Int32Array; // ascending
  readonly written: number; // of them, already
  readonly writer: FeatureWriter;
}

/** Writes those rows of the part that lie in [start, end); returns how many. */
function copyRows(values: Kept, cols: number, start: number, end: number, part: Part): number {
  const { rows, written, writer } = part;
  let until = written;
  while (until < rows.length && (rows[until] ?? end) < end) until += 1;
  const own = rows.subarray(written, until);
  if (own.length === 0) return 0;
  if ((own[0] ?? 0) < start) reject("rows", "must be in ascending order", own[0]);
  const lines = new Float32Array(own.length * cols);
  for (const [i, row] of own.entries()) {
    const from = (row - start) * cols;
    lines.set(values.subarray(from, from + cols), i * cols);
  }
  writer.write(written, lines);
  return own.length;
}
