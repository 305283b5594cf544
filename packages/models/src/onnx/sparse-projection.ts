/**
 * @file Very sparse random projection (Li, Hastie & Church 2006): each output is the signed sum of ⌈√d⌉ of the d inputs,
 * drawn without repetition, scaled so that squared lengths are kept in expectation.
 */
import type { Stream } from "@linear-probes/core";
import { chooseIndices } from "./choose-indices.ts";

/** d features → `count`, as a function of one row. */
export function sparseProjection(stream: Stream, features: number, count: number) {
  const each = Math.ceil(Math.sqrt(features));
  const indices = new Int32Array(count * each);
  const signs = new Int8Array(count * each);
  for (let i = 0; i < count; i++) {
    const own = stream.split(i);
    indices.set(chooseIndices(own, features, each), i * each);
    for (let j = 0; j < each; j++) signs[i * each + j] = own.integer(2) === 0 ? -1 : 1;
  }
  // E (Σ ± x_j)² = (each/d) ‖x‖², and there are `count` outputs.
  const scale = Math.sqrt(features / (each * count));
  return (values: Float32Array, from: number, out: Float32Array, to: number): void => {
    for (let i = 0; i < count; i++) {
      let sum = 0;
      for (let j = i * each; j < (i + 1) * each; j++) sum += signs[j]! * values[from + indices[j]!]!;
      out[to + i] = scale * sum;
    }
  };
}
