/**
 * @file npz, numpy's archive of npy files: a zip (PKWARE APPNOTE 6.3) read from its central directory. Members are
 * stored or deflated; encrypted, split and zip64 archives are refused, and so is what inflates beyond its declared size.
 */
import { crc32, inflateRawSync } from "node:zlib";
import { reject } from "../errors.ts";
import type { NpyArray } from "./npy.ts";
import { readNpy } from "./npy.ts";

interface Member {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly offset: number; // of its local header
}

const DAMAGED = "the file is damaged or not npz: save it again with numpy.savez";
const DIRECTORY_END = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;

/** All arrays of an npz by name, without ".npy". More than `maxBytes` unpacked, all together, is refused. */
export function readNpz(content: Uint8Array, subject: string, maxBytes = 2 ** 32): ReadonlyMap<string, NpyArray> {
  const zip = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const arrays = new Map<string, NpyArray>();
  let unpacked = 0;
  for (const member of directory(zip, subject)) {
    const name = member.name.replace(/\.npy$/, "");
    if (arrays.has(name)) reject(subject, "must have each array once", name, DAMAGED);
    unpacked += member.bytes;
    if (!(unpacked <= maxBytes)) reject(subject, `must unpack to at most ${maxBytes} bytes`, unpacked);
    const place = `${subject}, ${JSON.stringify(member.name)}`;
    arrays.set(name, readNpy(unpack(zip, member, place), place));
  }
  return arrays;
}

function directory(zip: Buffer, subject: string): Member[] {
  const end = findEnd(zip);
  if (end === undefined) reject(subject, "must end with a zip directory", `${zip.length} bytes without`, DAMAGED);
  const count = zip.readUInt16LE(end + 10);
  let at = zip.readUInt32LE(end + 16);
  if (count === 0xffff || at === 0xffffffff) {
    reject(subject, "must not be a zip64 archive", "zip64", "save the arrays as single npy files");
  }
  const members: Member[] = [];
  for (let i = 0; i < count; i++) {
    if (!(at + 46 <= end && zip.readUInt32LE(at) === DIRECTORY_ENTRY)) {
      reject(subject, `directory entry ${i} must lie inside the file`, `offset ${at}`, DAMAGED);
    }
    const nameBytes = zip.readUInt16LE(at + 28);
    const name = zip.toString("utf8", at + 46, Math.min(end, at + 46 + nameBytes));
    if ((zip.readUInt16LE(at + 8) & ENCRYPTED) !== 0) reject(subject, "members must not be encrypted", name);
    members.push({
      name,
      method: zip.readUInt16LE(at + 10),
      crc: zip.readUInt32LE(at + 16),
      packedBytes: zip.readUInt32LE(at + 20),
      bytes: zip.readUInt32LE(at + 24),
      offset: zip.readUInt32LE(at + 42),
    });
    at += 46 + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return members;
}

/** The end record is the last 22 bytes, or earlier where a comment follows. */
function findEnd(zip: Buffer): number | undefined {
  for (let at = zip.length - 22; at >= Math.max(0, zip.length - 22 - 0xffff); at--) {
    if (zip.readUInt32LE(at) === DIRECTORY_END) return at;
  }
  return undefined;
}

function unpack(zip: Buffer, member: Member, subject: string): Uint8Array {
  const { offset, packedBytes, bytes, method, crc } = member;
  if (!(offset + 30 <= zip.length && zip.readUInt32LE(offset) === LOCAL_HEADER)) {
    reject(subject, "local header must lie inside the file", `offset ${offset}`, DAMAGED);
  }
  const start = offset + 30 + zip.readUInt16LE(offset + 26) + zip.readUInt16LE(offset + 28);
  if (!(start + packedBytes <= zip.length)) reject(subject, `needs ${packedBytes} bytes`, zip.length - start, DAMAGED);
  const packed = zip.subarray(start, start + packedBytes);
  const content = method === STORED ? packed : inflate(packed, method, bytes, subject);
  if (content.length !== bytes) reject(subject, `must unpack to ${bytes} bytes`, content.length, DAMAGED);
  const actual = crc32(content);
  if (actual !== crc) reject(subject, `crc32 must be ${crc}`, actual, DAMAGED);
  return content;
}

function inflate(packed: Buffer, method: number, bytes: number, subject: string): Buffer {
  if (method !== DEFLATED)
    reject(subject, "must be stored or deflated", `method ${method}`, "save it with numpy.savez");
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, bytes) });
  } catch (cause) {
    return reject(subject, `must inflate to ${bytes} bytes`, String(cause), DAMAGED);
  }
}
