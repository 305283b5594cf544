/** @file `count` different integers below `bound`, sorted: Floyd's algorithm (Bentley & Floyd 1987). */
import type { Stream } from "@linear-probes/core";

export function chooseIndices(stream: Stream, bound: number, count: number): Int32Array {
  const chosen = new Set<number>();
  for (let last = bound - count; last < bound; last++) {
    const candidate = stream.integer(last + 1);
    chosen.add(chosen.has(candidate) ? last : candidate);
  }
  return Int32Array.from(chosen).sort();
}
