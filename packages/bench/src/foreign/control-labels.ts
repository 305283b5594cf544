/**
 * @file The control task of Hewitt & Liang (2019): every input type gets one random label, drawn from the distribution of
 * the training labels, wherever it occurs. Inputs of equal content are one type; of images each is a type of its own,
 * so that a probe can only memorise them and the control's test error is that of guessing.
 */
import { createHash } from "node:crypto";
import type { Stream } from "@linear-probes/core";
import type { ProbeData } from "./probe-data.ts";

/** Labels of all rows of `data`. Only training labels are looked at. */
export function controlLabels(data: ProbeData, stream: Stream): Int32Array {
  const drawnFrom = data.roles.train.map((row) => data.labels[row] ?? 0);
  return Int32Array.from({ length: data.count }, (_, at) => {
    const own = stream.split(contentOf(data, at));
    return drawnFrom[own.integer(drawnFrom.length)] ?? 0;
  });
}

function contentOf(data: ProbeData, at: number): string {
  const { set, row } = data.place(at);
  const hash = createHash("sha256");
  for (const values of [set.inputs, ...Object.values(set.named ?? {}).map((array) => array.values)]) {
    const size = values.length / set.labels.length;
    const own = values.subarray(row * size, (row + 1) * size);
    hash.update(new Uint8Array(own.buffer, own.byteOffset, own.byteLength));
  }
  return hash.digest("hex");
}
