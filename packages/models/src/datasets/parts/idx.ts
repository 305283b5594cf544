/**
 * @file idx, the file format of MNIST (LeCun, Cortes & Burges 1998): two zero bytes, a type byte, the number of axes,
 * one big-endian uint32 per axis, then the values, big-endian and row-major.
 */
import { reject } from "@linear-probes/core";

type IdxValues = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

export interface IdxArray {
  readonly shape: readonly number[];
  readonly values: IdxValues; // [product of shape]
}

interface IdxType {
  readonly bytes: 1 | 2 | 4 | 8; // per value
  readonly view: (buffer: ArrayBuffer) => IdxValues;
}

const TYPES: ReadonlyMap<number, IdxType> = new Map([
  [0x08, { bytes: 1, view: (b) => new Uint8Array(b) }],
  [0x09, { bytes: 1, view: (b) => new Int8Array(b) }],
  [0x0b, { bytes: 2, view: (b) => new Int16Array(b) }],
  [0x0c, { bytes: 4, view: (b) => new Int32Array(b) }],
  [0x0d, { bytes: 4, view: (b) => new Float32Array(b) }],
  [0x0e, { bytes: 8, view: (b) => new Float64Array(b) }],
]);

const REMEDY = "the file is damaged or not idx: fetch it again";

/** Reads a whole idx file, already decompressed. `subject` names it in errors. Nothing is allocated before it is checked. */
export function parseIdx(content: Uint8Array, subject: string): IdxArray {
  if (!(content.length >= 4)) reject(subject, "an idx file has at least 4 bytes", content.length, REMEDY);
  const header = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const magic = header.getUint32(0);
  const type = TYPES.get((magic >>> 8) & 0xff);
  const axes = magic & 0xff;
  if (magic >>> 16 !== 0 || type === undefined || axes === 0) {
    const rule = "magic number must be 0x0000TTAA, T a type of 08 09 0b 0c 0d 0e and A ≥ 1 axes";
    reject(subject, rule, hexadecimal(magic), REMEDY);
  }
  const start = 4 + 4 * axes;
  if (!(content.length >= start))
    reject(subject, `header of ${axes} axes takes ${start} bytes`, content.length, REMEDY);
  const shape = Array.from({ length: axes }, (_, axis) => header.getUint32(4 + 4 * axis));
  const size = start + type.bytes * shape.reduce((product, length) => product * length, 1);
  if (content.length !== size) {
    reject(subject, `header says ${shape.join(" × ")} values, ${size} bytes in all`, content.length, REMEDY);
  }
  return { shape, values: bigEndian(content.subarray(start), type) };
}

/** The values in the order of this machine; bytes are shared with the file, wider types are copied. */
function bigEndian(bytes: Uint8Array, type: IdxType): IdxValues {
  if (type.bytes === 1 && type.view(new ArrayBuffer(0)) instanceof Uint8Array) return bytes;
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  const swap = Buffer.from(copy);
  if (type.bytes === 2) swap.swap16();
  if (type.bytes === 4) swap.swap32();
  if (type.bytes === 8) swap.swap64();
  return type.view(copy);
}

function hexadecimal(magic: number): string {
  return `0x${magic.toString(16).padStart(8, "0")}`;
}
