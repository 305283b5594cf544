/** @file Where the rows of a batch lie in a tensor, and how they are taken out or put in. */
import { copyElements, emptyLike } from "./elements.ts";
import type { InputArray } from "./elements.ts";

/** Rows lie along `axis`, `chunk` entries of it each (1 unless the batch is folded together with another axis). */
export interface RowPlan {
  readonly axis: number;
  readonly chunk: number;
}

/** One row's shape in a tensor of shape `dims`: the row axis is dropped when a row takes one entry of it. */
export function rowShape(dims: readonly number[], plan: RowPlan): number[] {
  return plan.chunk === 1
    ? dims.filter((_, i) => i !== plan.axis)
    : dims.map((dim, i) => (i === plan.axis ? plan.chunk : dim));
}

/** The tensor's shape for `rows` rows: the inverse of `rowShape`. */
export function tensorShape(shape: readonly number[], plan: RowPlan, rows: number): number[] {
  return plan.chunk === 1
    ? shape.toSpliced(plan.axis, 0, rows)
    : shape.map((dim, i) => (i === plan.axis ? rows * dim : dim));
}

/** Rows [rows, features] out of a tensor; the tensor's own memory when they already lie so. */
export function takeRows(data: Float32Array, dims: readonly number[], plan: RowPlan, rows: number): Float32Array {
  const outer = product(dims.slice(0, plan.axis));
  const total = dims[plan.axis] ?? 1;
  const inner = product(dims.slice(plan.axis + 1)) * plan.chunk;
  const features = outer * inner;
  if (outer === 1) return data.length === rows * features ? data : data.subarray(0, rows * features);
  const out = new Float32Array(rows * features);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < outer; i++) {
      const start = i * (total / plan.chunk) * inner + row * inner;
      out.set(data.subarray(start, start + inner), row * features + i * inner);
    }
  }
  return out;
}

/** The reverse for `axis` with one entry a row: rows [rows, …shape] laid along `axis`. */
export function placeRows<A extends InputArray>(data: A, shape: readonly number[], axis: number, rows: number): A {
  const outer = product(shape.slice(0, axis));
  if (outer === 1 || rows === 1) return data;
  const inner = product(shape.slice(axis));
  const out = emptyLike(data, data.length);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < outer; i++) copyElements(data, (row * outer + i) * inner, out, (i * rows + row) * inner, inner);
  return out;
}

export function product(dims: readonly number[]): number {
  return dims.reduce((total, dim) => total * dim, 1);
}
