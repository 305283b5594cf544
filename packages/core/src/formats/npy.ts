/**
 * @file npy, numpy's array file (NEP 1, versions 1 to 3): magic, version, header length, a Python dictionary of type,
 * order and shape, then the values. Little-endian numbers in C order; nothing is executed, nothing allocated unchecked.
 */
import { reject } from "../errors.ts";

export type NpyValues =
  | Float64Array
  | Float32Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

export interface NpyArray {
  readonly shape: readonly number[]; // [] is a single number
  readonly values: NpyValues; // [product of shape], row-major
}

interface NpyType {
  readonly bytes: number; // per value
  readonly view: (buffer: ArrayBufferLike, offset: number, length: number) => NpyValues;
}

/** numpy's `descr` of each type read; half floats come out as float32, truth values as bytes. */
const TYPES: ReadonlyMap<string, NpyType> = new Map<string, NpyType>([
  ["<f8", { bytes: 8, view: (b, o, n) => new Float64Array(b, o, n) }],
  ["<f4", { bytes: 4, view: (b, o, n) => new Float32Array(b, o, n) }],
  ["<f2", { bytes: 2, view: (b, o, n) => Float32Array.from(new Float16Array(b, o, n)) }],
  ["|i1", { bytes: 1, view: (b, o, n) => new Int8Array(b, o, n) }],
  ["|u1", { bytes: 1, view: (b, o, n) => new Uint8Array(b, o, n) }],
  ["|b1", { bytes: 1, view: (b, o, n) => new Uint8Array(b, o, n) }],
  ["<i2", { bytes: 2, view: (b, o, n) => new Int16Array(b, o, n) }],
  ["<u2", { bytes: 2, view: (b, o, n) => new Uint16Array(b, o, n) }],
  ["<i4", { bytes: 4, view: (b, o, n) => new Int32Array(b, o, n) }],
  ["<u4", { bytes: 4, view: (b, o, n) => new Uint32Array(b, o, n) }],
  ["<i8", { bytes: 8, view: (b, o, n) => new BigInt64Array(b, o, n) }],
  ["<u8", { bytes: 8, view: (b, o, n) => new BigUint64Array(b, o, n) }],
]);

const MAGIC = "\u0093NUMPY";
const MOST_HEADER_BYTES = 2 ** 16;
const MOST_AXES = 64; // numpy 2's own limit
const DAMAGED = "the file is damaged or not npy: save it again with numpy.save";

/** Reads a whole npy file. `subject` names it in errors. The values share memory with `content` where they can. */
export function readNpy(content: Uint8Array, subject: string): NpyArray {
  const { header, start } = splitHeader(content, subject);
  const { descr, fortranOrder, shape } = parseHeader(header, subject);
  const type = TYPES.get(descr);
  if (type === undefined) {
    reject(subject, `descr must be one of ${[...TYPES.keys()].join(" ")}`, descr, "convert it with numpy's astype");
  }
  if (fortranOrder) reject(subject, "fortran_order must be False", "True", "save numpy.ascontiguousarray of it");
  const count = shape.reduce((product, length) => product * length, 1);
  const expected = start + count * type.bytes;
  if (content.length !== expected) {
    reject(subject, `shape (${shape.join(", ")}) of ${descr} takes ${expected} bytes`, content.length, DAMAGED);
  }
  const unaligned = (content.byteOffset + start) % type.bytes !== 0;
  const body = unaligned ? new Uint8Array(content.subarray(start)) : content.subarray(start); // the first copies
  return { shape, values: type.view(body.buffer, body.byteOffset, count) };
}

/** The bytes of an npy file, version 1, as numpy.save writes them. */
export function writeNpy(shape: readonly number[], values: NpyValues): Uint8Array {
  const count = shape.reduce((product, length) => product * length, 1);
  if (count !== values.length) reject("writeNpy", `shape (${shape.join(", ")}) needs ${count} values`, values.length);
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const header = `{'descr': '${descrOf(values)}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const padded = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`; // data start at a multiple of 64
  const bytes = new Uint8Array(10 + padded.length + values.byteLength);
  bytes.set(Buffer.from(`${MAGIC}\u0001\u0000`, "latin1"));
  new DataView(bytes.buffer).setUint16(8, padded.length, true);
  bytes.set(Buffer.from(padded, "latin1"), 10);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 10 + padded.length);
  return bytes;
}

function descrOf(values: NpyValues): string {
  const kind =
    values instanceof Float64Array || values instanceof Float32Array
      ? "f"
      : /^(Big)?U/.test(values.constructor.name)
        ? "u"
        : "i";
  return `${values.BYTES_PER_ELEMENT === 1 ? "|" : "<"}${kind}${values.BYTES_PER_ELEMENT}`;
}

function splitHeader(content: Uint8Array, subject: string): { header: string; start: number } {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  if (bytes.length < 12 || bytes.toString("latin1", 0, 6) !== MAGIC) {
    reject(subject, "must begin with \\x93NUMPY", bytes.toString("hex", 0, 6), DAMAGED);
  }
  const version = bytes.readUInt8(6);
  if (!(version >= 1 && version <= 3)) reject(subject, "npy version must be 1, 2 or 3", version);
  const lengthBytes = version === 1 ? 2 : 4;
  const length = bytes.readUIntLE(8, lengthBytes);
  const start = 8 + lengthBytes + length;
  if (!(length <= MOST_HEADER_BYTES)) reject(subject, `header must have at most ${MOST_HEADER_BYTES} bytes`, length);
  if (!(start <= bytes.length)) reject(subject, `header ends at byte ${start}`, `${bytes.length} bytes`, DAMAGED);
  return { header: bytes.toString(version === 3 ? "utf8" : "latin1", 8 + lengthBytes, start), start };
}

interface Header {
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

/** The three entries in any order, each once, and nothing else. */
function parseHeader(header: string, subject: string): Header {
  const dictionary =
    /^\{(.*)\}\s*$/.exec(header)?.[1] ?? reject(subject, "header must be a dictionary", header.slice(0, 200), DAMAGED);
  const entries = new Map<string, string>();
  const entry = /\s*'(descr|fortran_order|shape)'\s*:\s*('[^']*'|True|False|\([\d,\s]*\))\s*(?:,|$)/y;
  for (let match = entry.exec(dictionary); match !== null; match = entry.exec(dictionary)) {
    const [, key = "", value = ""] = match;
    if (entries.has(key)) reject(subject, `header must name ${key} once`, header.slice(0, 200), DAMAGED);
    entries.set(key, value);
    if (dictionary.slice(entry.lastIndex).trim() === "") return assembleHeader(entries, header, subject);
  }
  return reject(
    subject,
    "header must give a simple descr, fortran_order and shape",
    header.slice(0, 200),
    "save a plain array of numbers",
  );
}

function assembleHeader(entries: ReadonlyMap<string, string>, header: string, subject: string): Header {
  const descr = /^'(.*)'$/.exec(entries.get("descr") ?? "")?.[1];
  const order = entries.get("fortran_order");
  const tuple = /^\((|\d+,|\d+(?:,\d+)+,?)\)$/.exec((entries.get("shape") ?? "").replaceAll(/\s/g, ""))?.[1];
  if (descr === undefined || tuple === undefined || !(order === "True" || order === "False")) {
    reject(subject, "header must give descr, fortran_order and shape", header.slice(0, 200), DAMAGED);
  }
  const shape = tuple
    .split(",")
    .filter((length) => length !== "")
    .map(Number);
  if (!(shape.length <= MOST_AXES && shape.every(Number.isSafeInteger))) {
    reject(subject, `shape must have at most ${MOST_AXES} axes of sensible length`, tuple, DAMAGED);
  }
  return { descr, fortranOrder: order === "True", shape };
}
