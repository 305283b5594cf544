/** @file One tensor of an untrained twin: drawn anew from its own mean and spread, or its values in another order. */
import type { Stream } from "@linear-probes/core";

/** Undefined where the tensor must stay as it is. */
export function redraw(values: Float64Array, rank: number, stream: Stream): Float64Array<ArrayBuffer> | undefined {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  if (!(values.length > 1 && std > 0 && Number.isFinite(std))) return undefined;
  if (rank < 2) return Float64Array.from(stream.permutation(values.length), (from) => values[from]!);
  const drawn = new Float64Array(values.length);
  stream.fillNormal(drawn);
  return drawn.map((value) => mean + std * value);
}
