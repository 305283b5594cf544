/** @file What a model wants to be fed, and rows of data on their way into it. */
import { reject } from "@linear-probes/core";
import { Tensor } from "onnxruntime-node";
import { copyElements, emptyLike } from "./elements.ts";
import type { InputArray } from "./elements.ts";
import type { TapGraph } from "./tap-graph.ts";
import type { Dimension } from "./value-type.ts";
import { printable } from "./printable.ts";
import type { OnnxModel } from "./read-model.ts";
import { placeRows, product } from "./row-plan.ts";

/** Rows of one model input: data [rows, …shape]. */
export interface InputRows {
  readonly data: InputArray;
  readonly shape: readonly number[]; // of one row, without the batch axis
}

/** Rows m of every input, by input name. Inputs that are not per row are given whole, with their own shape. */
export type RowBlock = Readonly<Record<string, InputRows>>;

/** Rows that need not be in memory. `read` may be called in any order and more than once. */
export interface RowSource {
  readonly rows: number;
  read(start: number, count: number): RowBlock | Promise<RowBlock>;
}

/** How one input takes the batch. */
export interface InputPlan {
  readonly name: string;
  readonly type: string; // element type
  readonly dims: readonly Dimension[] | undefined;
  /** The axis rows lie along; null for an input that is the same in every run. */
  readonly batchAxis: number | null;
}

export interface BatchPlan {
  readonly inputs: readonly InputPlan[];
  /** Rows in every run, when the file fixes it. */
  readonly fixedBatch: number | null;
}

/**
 * The batch axis of an input is the one whose symbol says "batch" or "N", else the first. When some inputs have a free
 * batch axis, those whose axis is fixed are taken as shared; when all are fixed, the first input decides the size.
 */
export function planInputs(graph: TapGraph, batchAxes: Readonly<Record<string, number>> = {}): BatchPlan {
  const plans = graph.inputs.map(({ name, value }) => {
    const named = value.dims?.findIndex((dim) => typeof dim === "string" && /batch|^[nb]$/i.test(dim)) ?? -1;
    const axis = batchAxes[name] ?? Math.max(0, named);
    const size = value.dims === undefined ? null : value.dims[axis];
    return {
      name,
      type: value.type ?? "float32",
      dims: value.dims,
      axis,
      size: value.dims?.length === 0 ? undefined : size,
    };
  });
  const free = plans.some(({ size }) => size !== undefined && typeof size !== "number");
  const fixedBatch = free ? null : (plans.map(({ size }) => size).find((size) => typeof size === "number") ?? 1);
  const perRow = (size: Dimension | undefined): boolean =>
    size !== undefined && (free ? typeof size !== "number" : size === fixedBatch);
  return {
    fixedBatch,
    inputs: plans.map(({ name, type, dims, axis, size }) => ({
      name,
      type,
      dims,
      batchAxis: perRow(size) ? axis : null,
    })),
  };
}

/** Arrays in memory as a source of rows; `shared` are the inputs that are the same in every run. */
export function arraySource(arrays: RowBlock, shared: RowBlock = {}): RowSource {
  const sizes = Object.entries(arrays).map(([name, { data, shape }]) => [name, data.length / product(shape)] as const);
  const rows = sizes[0]?.[1] ?? 0;
  for (const [name, size] of sizes)
    if (!(size === rows && Number.isInteger(size)))
      reject(`input "${printable(name)}"`, `must have ${rows} rows like the first`, size);
  return {
    rows,
    read(start, count) {
      const block: Record<string, InputRows> = { ...shared };
      for (const [name, { data, shape }] of Object.entries(arrays)) {
        const size = product(shape);
        block[name] = { data: data.subarray(start * size, (start + count) * size), shape };
      }
      return block;
    },
  };
}

/** Feeds for `rows` rows; the last row is repeated up to the model's fixed batch. */
export function toFeeds(
  model: Pick<OnnxModel, "name">,
  plan: BatchPlan,
  block: RowBlock,
  rows: number,
): Record<string, Tensor> {
  const feeds: [string, Tensor][] = [];
  for (const input of plan.inputs) {
    const where = `${model.name}: input "${printable(input.name)}"`;
    const given = Object.hasOwn(block, input.name) ? block[input.name] : undefined;
    if (!given) return reject(where, "must be given", "nothing", `the model wants ${input.type} ${shown(input.dims)}`);
    const { batchAxis } = input;
    const whole = batchAxis === null ? [...given.shape] : given.shape.toSpliced(batchAxis, 0, plan.fixedBatch ?? rows);
    checkShape(where, input, whole);
    const perRow = product(given.shape);
    const expected = batchAxis === null ? perRow : rows * perRow;
    if (given.data.length !== expected) reject(where, `must hold ${expected} values`, given.data.length);
    let data = convert(where, input.type, given.data);
    if (batchAxis !== null) {
      if (plan.fixedBatch !== null && rows < plan.fixedBatch) data = repeatLast(data, perRow, rows, plan.fixedBatch);
      data = placeRows(data, given.shape, batchAxis, plan.fixedBatch ?? rows);
    }
    feeds.push([input.name, makeTensor(input.type, data, whole)]);
  }
  // Not an index assignment: a foreign name may be "__proto__".
  return Object.fromEntries(feeds);
}

/** A tensor that onnxruntime can be fed. */
export function makeTensor(type: string, data: InputArray, dims: readonly number[]): Tensor {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller has paired the type with its array
  const tensor = new Tensor(type as "float32", data as Float32Array, dims);
  // onnxruntime-node 1.30 takes a Float16Array for an empty buffer ("expected 32, got 0"); the same bits as Uint16Array pass.
  if (data instanceof Float16Array)
    Object.assign(tensor, { cpuData: new Uint16Array(data.buffer, data.byteOffset, data.length) });
  return tensor;
}

function checkShape(where: string, input: InputPlan, whole: readonly number[]): void {
  const { dims } = input;
  if (dims === undefined) return;
  const fits = dims.length === whole.length && dims.every((dim, i) => typeof dim !== "number" || dim === whole[i]);
  if (!fits) reject(where, `must have shape ${shown(dims)}`, `[${whole.join(", ")}]`);
}

function shown(dims: readonly Dimension[] | undefined): string {
  return dims === undefined
    ? "of unknown shape"
    : `[${dims.map((dim) => (typeof dim === "string" ? printable(dim, 30) : (dim ?? "?"))).join(", ")}]`;
}

type Convert = (data: Iterable<number | bigint> & ArrayLike<number | bigint>) => InputArray;
const converters: Readonly<Record<string, Convert>> = {
  float32: (data) => Float32Array.from(data, Number),
  float64: (data) => Float64Array.from(data, Number),
  float16: (data) => Float16Array.from(data, Number),
  int64: (data) => BigInt64Array.from(data, BigInt),
  uint64: (data) => BigUint64Array.from(data, BigInt),
  int32: (data) => Int32Array.from(data, Number),
  uint32: (data) => Uint32Array.from(data, Number),
  int16: (data) => Int16Array.from(data, Number),
  uint16: (data) => Uint16Array.from(data, Number),
  int8: (data) => Int8Array.from(data, Number),
  uint8: (data) => Uint8Array.from(data, Number),
  bool: (data) => Uint8Array.from(data, (value) => (Number(value) === 0 ? 0 : 1)),
};

/** The same values in the element type the model wants; the array itself when it already is. */
function convert(where: string, type: string, data: InputArray): InputArray {
  const already = {
    float32: Float32Array,
    float64: Float64Array,
    float16: Float16Array,
    int64: BigInt64Array,
    int32: Int32Array,
    uint8: Uint8Array,
    int8: Int8Array,
  }[type];
  if (already && data instanceof already) return data;
  const converter = converters[type];
  if (!converter) return reject(where, "must be numbers", type);
  try {
    return converter(data);
  } catch {
    return reject(where, `must be whole numbers for ${type}`, "fractions");
  }
}

function repeatLast(data: InputArray, perRow: number, rows: number, batch: number): InputArray {
  const out = emptyLike(data, batch * perRow);
  copyElements(data, 0, out, 0, rows * perRow);
  for (let row = rows; row < batch; row++) copyElements(data, (rows - 1) * perRow, out, row * perRow, perRow);
  return out;
}
