/** @file Reads a data file whole, gzip or raw, without trusting its size or its kind. */
import { readFileSync, statSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { reject } from "@linear-probes/core";

/** The content of a regular file, decompressed when it is gzip. More than `maxBytes` on either side is refused. */
export function readDataFile(path: string, maxBytes: number): Uint8Array {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts === undefined) reject(path, "file must exist", "nothing there");
  if (!facts.isFile()) reject(path, "must be a regular file", facts.isDirectory() ? "a folder" : "a device or pipe");
  if (!(facts.size <= maxBytes))
    reject(path, `must have at most ${maxBytes} bytes`, facts.size, "is it the right file?");
  return decompress(readFileSync(path), maxBytes, path);
}

/** gzip is known by its first two bytes (RFC 1952), not by the file's name. */
export function decompress(bytes: Uint8Array, maxBytes: number, subject: string): Uint8Array {
  if (!(bytes[0] === 0x1f && bytes[1] === 0x8b)) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (cause) {
    const tooLong = cause instanceof RangeError;
    const rule = tooLong ? `must decompress to at most ${maxBytes} bytes` : "must be a whole gzip file";
    return reject(subject, rule, tooLong ? "more" : String(cause), "fetch it again");
  }
}
