/**
 * @file Smaller features on the fly: what is kept of a tap's row. A reducer is named by a short text, which is recorded
 * with the result: none, random:N, avgpool, maxpool, pool-to:N, sparse-projection:N, cls, mean-tokens.
 */
import { reject } from "@linear-probes/core";
import type { Stream } from "@linear-probes/core";
import { chooseIndices } from "./choose-indices.ts";
import { poolGrid } from "./pool-grid.ts";
import { printable } from "./printable.ts";
import { product } from "./row-plan.ts";
import { sparseProjection } from "./sparse-projection.ts";
import type { Layout } from "./tap-layout.ts";

/** What a reducer has to know of a tap. */
export interface ReducedTap {
  readonly name: string;
  readonly shape: readonly number[]; // of one row
  /** Where channels are in a row of rank 3; absent counts as channels-first. */
  readonly layout?: Layout;
}

export interface Reducer {
  /** The text it was made from. */
  readonly spec: string;
  readonly cols: number;
  /** The same as something that a graph can do. */
  readonly inGraph?: GraphReduction;
  /** False when the tap was already as small as asked: rows pass unchanged. */
  readonly reduces: boolean;
  /** Rows [rows, features] → [rows, cols]. `mask` [rows, tokens] is nonzero where a token counts. */
  apply(values: Float32Array, rows: number, mask?: ArrayLike<number | bigint>): Float32Array;
}

/** Columns kept of a row; of [channels, height, width] the greatest of each channel, or the means of a grid's cells. */
type GraphReduction =
  | { readonly kind: "columns"; readonly columns: Int32Array }
  | { readonly kind: "channel-maxima" }
  | { readonly kind: "cell-means"; readonly rows: number; readonly columns: number };

/** One row: reads at `from`, writes at `to`. */
type RowFunction = (
  values: Float32Array,
  from: number,
  out: Float32Array,
  to: number,
  row: number,
  mask?: ArrayLike<number | bigint>,
) => void;

/**
 * Makes the reducer `spec` for a tap. Random choices come from `stream`, by the tap's name and N alone, so that a tap
 * keeps the same features at every checkpoint.
 */
export function createReducer(spec: string, tap: ReducedTap, stream: Stream): Reducer {
  const features = product(tap.shape);
  const [kind = "", size] = spec.split(":");
  const own = stream.split("reducer").split(spec).split(tap.name);
  switch (kind) {
    case "none":
      noSize(spec, size);
      return unchanged(spec, features);
    case "random": {
      const count = sizeOf(spec, size);
      if (count >= features) return unchanged(spec, features);
      const columns = chooseIndices(own, features, count);
      return { ...rowWise(spec, features, count, pick(columns)), inGraph: { kind: "columns", columns } };
    }
    case "sparse-projection": {
      const count = sizeOf(spec, size);
      return count >= features
        ? unchanged(spec, features)
        : rowWise(spec, features, count, sparseProjection(own, features, count));
    }
    case "avgpool":
    case "maxpool":
      noSize(spec, size);
      return pooled(spec, tap, features, 1, kind === "maxpool");
    case "pool-to":
      return pooled(spec, tap, features, sizeOf(spec, size), false);
    case "cls":
    case "mean-tokens":
      noSize(spec, size);
      return tokens(spec, tap, features, kind === "cls");
    default:
      return reject(
        "reducer",
        "must be none, random:N, avgpool, maxpool, pool-to:N, sparse-projection:N, cls or mean-tokens",
        printable(spec),
      );
  }
}

function sizeOf(spec: string, size: string | undefined): number {
  const count = size !== undefined && /^\d{1,9}$/.test(size) ? Number(size) : 0;
  return count > 0
    ? count
    : reject(
        `reducer ${printable(spec)}`,
        "needs a positive number after the colon",
        printable(size ?? "nothing"),
        "for example random:1000",
      );
}

function noSize(spec: string, size: string | undefined): void {
  if (size !== undefined) reject(`reducer ${printable(spec)}`, "takes no number", printable(size));
}

function unchanged(spec: string, features: number): Reducer {
  return { spec, cols: features, reduces: false, apply: (values) => values };
}

function rowWise(spec: string, features: number, cols: number, one: RowFunction): Reducer {
  return {
    spec,
    cols,
    reduces: true,
    apply(values, rows, mask) {
      const out = new Float32Array(rows * cols);
      for (let row = 0; row < rows; row++) one(values, row * features, out, row * cols, row, mask);
      return out;
    },
  };
}

function pick(indices: Int32Array): RowFunction {
  return (values, from, out, to) => {
    for (let i = 0; i < indices.length; i++) out[to + i] = values[from + indices[i]!]!;
  };
}

/** Pools the two spatial axes down to the finest square-ish grid of at most `budget` features; flat taps stay as they are. */
function pooled(spec: string, tap: ReducedTap, features: number, budget: number, max: boolean): Reducer {
  const { shape } = tap;
  if (shape.length <= 1) return unchanged(spec, features);
  if (shape.length !== 3) return wrongRank(spec, tap, "[channels, height, width]");
  const last = tap.layout === "channels-last";
  const [a = 1, b = 1, c = 1] = shape;
  const [channels, height, width] = last ? [c, a, b] : [a, b, c];
  const pool = poolGrid({ channels, height, width, channelsLast: last, budget, max });
  if (pool.cols === features) return unchanged(spec, features);
  const reducer = rowWise(spec, features, pool.cols, pool.row);
  const { rows, columns } = pool;
  if (last || (max && rows * columns > 1)) return reducer;
  return { ...reducer, inGraph: max ? { kind: "channel-maxima" } : { kind: "cell-means", rows, columns } };
}

/** The first token, or the mean over tokens that count (float64 sums), of rows [tokens, features]; flat taps stay. */
function tokens(spec: string, tap: ReducedTap, features: number, first: boolean): Reducer {
  const { shape } = tap;
  if (shape.length <= 1) return unchanged(spec, features);
  if (shape.length !== 2) return wrongRank(spec, tap, "[tokens, features]");
  const [count = 1, cols = 1] = shape;
  if (first)
    return rowWise(spec, features, cols, (values, from, out, to) => out.set(values.subarray(from, from + cols), to));
  const sums = new Float64Array(cols);
  return rowWise(spec, features, cols, (values, from, out, to, row, mask) => {
    sums.fill(0);
    let counted = 0;
    for (let t = 0; t < count; t++) {
      // oxlint-disable-next-line eslint/eqeqeq -- masks may be of int64
      if (mask && mask[row * count + t] == 0) continue;
      counted += 1;
      for (let j = 0; j < cols; j++) sums[j]! += values[from + t * cols + j]!;
    }
    // A row without any token that counts has no mean; zeros, as pooling layers give.
    for (let j = 0; j < cols; j++) out[to + j] = counted > 0 ? sums[j]! / counted : 0;
  });
}

function wrongRank(spec: string, tap: ReducedTap, wanted: string): never {
  return reject(
    `reducer ${spec}, tap "${printable(tap.name)}"`,
    `needs rows of shape ${wanted}`,
    `[${tap.shape.join(", ")}]`,
    "choose other taps, or random:N, which takes any shape",
  );
}
