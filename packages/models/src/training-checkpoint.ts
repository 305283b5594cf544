/**
 * @file A checkpoint as bytes, in the safetensors format (Hugging Face, 2022): the length of a JSON header as a
 * little-endian uint64, the header, then the values. Equal states have equal bytes.
 */
import { reject } from "@linear-probes/core";
import type { TrainingState } from "./engines/engine.ts";
import type { Parameters } from "./graph-parameters.ts";

const maxHeaderBytes = 2 ** 24;

/** Tensors are `parameter/<name>` and `accumulator-<i>/<name>`; the step is metadata. */
export function encodeCheckpoint({ step, parameters, accumulators }: TrainingState): Uint8Array<ArrayBuffer> {
  const tensors = [
    ...named("parameter", parameters),
    ...accumulators.flatMap((values, i) => named(`accumulator-${i}`, values)),
  ];
  const header: Record<string, unknown> = { __metadata__: { step: String(step) } };
  let offset = 0;
  for (const [name, values] of tensors) {
    const end = offset + values.byteLength;
    header[name] = { dtype: "F32", shape: [values.length], data_offsets: [offset, end] };
    offset = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / 8) * 8; // the values begin at a multiple of 8, as the format advises
  const bytes = new Uint8Array(8 + padded + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(text, 8);
  bytes.fill(0x20, 8 + text.length, 8 + padded);
  let at = 8 + padded;
  for (const [, values] of tensors) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return bytes;
}

const named = (group: string, values: Parameters): (readonly [string, Float32Array])[] =>
  [...values].map(([name, value]) => [`${group}/${name}`, value]);

export function decodeCheckpoint(bytes: Uint8Array, subject = "checkpoint"): TrainingState {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = bytes.length < 8 ? Number.NaN : Number(view.getBigUint64(0, true));
  if (!(headerBytes <= Math.min(maxHeaderBytes, bytes.length - 8)))
    reject(subject, "must be a safetensors file", `${bytes.length} bytes`, "train again");
  const header = parseHeader(bytes.subarray(8, 8 + headerBytes), subject);
  const parameters = new Map<string, Float32Array>();
  const accumulators: Map<string, Float32Array>[] = [];
  for (const [
    name,
    {
      data_offsets: [from, to],
    },
  ] of header.tensors) {
    const start = 8 + headerBytes + from;
    if (!(from >= 0 && to >= from && (to - from) % 4 === 0 && start + to - from <= bytes.length))
      reject(`${subject}, tensor ${name}`, "must lie inside the file", `${from}..${to}`, "train again");
    const values = new Float32Array(bytes.slice(start, start + to - from).buffer);
    const [, group = "", index, own = ""] = /^(parameter|accumulator-([01]))\/(.+)$/.exec(name) ?? [];
    if (group === "parameter") parameters.set(own, values);
    else if (index !== undefined) (accumulators[Number(index)] ??= new Map()).set(own, values);
    else reject(`${subject}, tensor ${name}`, "must be a parameter or an accumulator", name);
  }
  return { step: header.step, parameters, accumulators: [...accumulators] };
}

interface TensorEntry {
  readonly data_offsets: readonly [number, number];
}

function parseHeader(
  text: Uint8Array,
  subject: string,
): { readonly step: number; readonly tensors: readonly (readonly [string, TensorEntry])[] } {
  const tensors: [string, TensorEntry][] = [];
  let step = Number.NaN;
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(text));
  } catch {
    reject(subject, "its header must be JSON", `${text.length} bytes`, "train again");
  }
  for (const [name, entry] of Object.entries(isRecord(header) ? header : {})) {
    if (!isRecord(entry)) reject(`${subject}, ${name}`, "must be an object", entry);
    if (name === "__metadata__") step = Number(entry["step"]);
    else if (isOffsets(entry["data_offsets"])) tensors.push([name, { data_offsets: entry["data_offsets"] }]);
    else reject(`${subject}, tensor ${name}`, "must have data_offsets", entry["data_offsets"], "train again");
  }
  if (!(Number.isInteger(step) && step >= 0)) reject(`${subject}, step`, "must be a whole number", step, "train again");
  return { step, tensors };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

const isOffsets = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every((offset) => Number.isInteger(offset));
