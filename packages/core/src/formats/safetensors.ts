/**
 * @file safetensors, the array file of the Hugging Face libraries (github.com/huggingface/safetensors, format section):
 * 8 bytes of header length, a JSON header of name → type, shape and byte range, then the values. Little-endian, C order;
 * byte ranges must cover the data without holes or overlap, so that a file cannot lie about what it holds.
 */
import { reject } from "../errors.ts";

export type SafetensorsValues = Float64Array | Float32Array | Int32Array | BigInt64Array | Uint8Array;

export interface Tensor {
  readonly shape: readonly number[];
  readonly values: SafetensorsValues; // [product of shape], row-major
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface TensorType {
  readonly bytes: number; // per value
  readonly view: (content: ArrayBuffer) => SafetensorsValues;
}

const TYPES: ReadonlyMap<string, TensorType> = new Map<string, TensorType>([
  ["F64", { bytes: 8, view: (b) => new Float64Array(b) }],
  ["F32", { bytes: 4, view: (b) => new Float32Array(b) }],
  ["F16", { bytes: 2, view: (b) => Float32Array.from(new Float16Array(b)) }],
  ["I64", { bytes: 8, view: (b) => new BigInt64Array(b) }],
  ["I32", { bytes: 4, view: (b) => new Int32Array(b) }],
  ["U8", { bytes: 1, view: (b) => new Uint8Array(b) }],
]);

const MOST_HEADER_BYTES = 100_000_000; // the format's own limit
const DAMAGED = "the file is damaged or not safetensors";

/** Reads a whole safetensors file. `subject` names it in errors. */
export function readSafetensors(content: Uint8Array, subject: string): Safetensors {
  if (content.length < 8)
    reject(subject, "must begin with 8 bytes of header length", `${content.length} bytes`, DAMAGED);
  const length = Number(new DataView(content.buffer, content.byteOffset, 8).getBigUint64(0, true));
  if (!(length <= MOST_HEADER_BYTES && 8 + length <= content.length)) {
    reject(subject, `header length must be within the ${content.length} bytes of the file`, length, DAMAGED);
  }
  const header = parseHeader(new TextDecoder().decode(content.subarray(8, 8 + length)), subject);
  const data = content.subarray(8 + length);
  const tensors = new Map<string, Tensor>();
  let metadata: Record<string, string> = {};
  let next = 0;
  const entries = Object.entries(header).map(([name, entry]) => ({ name, entry, start: startOf(entry) }));
  for (const { name, entry } of entries.sort((a, b) => a.start - b.start)) {
    if (name === "__metadata__") {
      metadata = stringsOf(entry, subject);
      continue;
    }
    const { type, shape, start, end } = describeTensor(entry, `${subject}: ${name}`);
    if (start !== next) reject(`${subject}: ${name}`, `data must begin at byte ${next}`, start, DAMAGED);
    if (end > data.length) reject(`${subject}: ${name}`, `data must end within ${data.length} bytes`, end, DAMAGED);
    tensors.set(name, { shape, values: type.view(new Uint8Array(data.subarray(start, end)).buffer) });
    next = end;
  }
  if (next !== data.length) reject(subject, `tensors must cover all ${data.length} bytes of data`, next, DAMAGED);
  return { tensors, metadata };
}

/** The bytes of a safetensors file of float64 or float32 tensors, in the order given. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float64Array | Float32Array }>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let size = 0;
  for (const [name, { shape, values }] of tensors) {
    const dtype = values instanceof Float32Array ? "F32" : "F64";
    header[name] = { dtype, shape, data_offsets: [size, size + values.byteLength] };
    size += values.byteLength;
  }
  const text = JSON.stringify(header);
  const bytes = new TextEncoder().encode(text);
  const padded = Math.ceil(bytes.length / 8) * 8; // values begin aligned, as the format asks; spaces end the header
  const out = new Uint8Array(8 + padded + size).fill(0x20, 8, 8 + padded);
  new DataView(out.buffer).setBigUint64(0, BigInt(padded), true);
  out.set(bytes, 8);
  let at = 8 + padded;
  for (const { values } of tensors.values()) {
    out.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return out;
}

type Json = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseHeader(text: string, subject: string): Json {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return reject(subject, "header must be JSON", text.slice(0, 40), DAMAGED);
  }
  return isRecord(parsed) ? parsed : reject(subject, "header must be a JSON object", text.slice(0, 40), DAMAGED);
}

function stringsOf(entry: unknown, subject: string): Record<string, string> {
  if (!isRecord(entry)) return reject(subject, "__metadata__ must be an object", entry, DAMAGED);
  return Object.fromEntries(
    Object.entries(entry).map(([key, value]) => [
      key,
      typeof value === "string" ? value : reject(subject, `__metadata__.${key} must be text`, value, DAMAGED),
    ]),
  );
}

function numbersOf(value: unknown): readonly number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const numbers = value.filter((n): n is number => Number.isSafeInteger(n) && Number(n) >= 0);
  return numbers.length === value.length ? numbers : undefined;
}

function startOf(entry: unknown): number {
  return (isRecord(entry) ? numbersOf(entry["data_offsets"])?.[0] : undefined) ?? -1;
}

function describeTensor(entry: unknown, subject: string) {
  if (!isRecord(entry)) return reject(subject, "must be described by an object", entry, DAMAGED);
  const { dtype } = entry;
  const type = typeof dtype === "string" ? TYPES.get(dtype) : undefined;
  if (type === undefined) return reject(subject, `dtype must be one of ${[...TYPES.keys()].join(" ")}`, dtype);
  const shape = numbersOf(entry["shape"]) ?? reject(subject, "shape must be whole numbers", entry["shape"], DAMAGED);
  const range = numbersOf(entry["data_offsets"]);
  const [start, end] = range ?? [];
  if (start === undefined || end === undefined || !(start <= end)) {
    return reject(subject, "data_offsets must be a begin and an end", entry["data_offsets"], DAMAGED);
  }
  const expected = shape.reduce((product, length) => product * length, type.bytes);
  if (end - start !== expected) {
    reject(subject, `a tensor of shape [${shape.join(", ")}] must have ${expected} bytes`, end - start, DAMAGED);
  }
  return { type, shape, start, end };
}
