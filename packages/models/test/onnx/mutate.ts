/** @file Seeded damage to a file: the ways disks, networks and attackers change bytes. */
import type { Stream } from "@linear-probes/core";

/** A damaged copy: one to four changes of random kinds. */
export function mutate(stream: Stream, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  let damaged = new Uint8Array(bytes);
  for (let changes = 1 + stream.integer(4); changes > 0; changes--) damaged = change(stream, damaged, other);
  return damaged;
}

function change(stream: Stream, bytes: Uint8Array<ArrayBuffer>, other: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.length === 0) return new Uint8Array(other);
  const at = stream.integer(bytes.length);
  switch (stream.integer(8)) {
    case 0: // one bit
      bytes[at] = (bytes[at] ?? 0) ^ (1 << stream.integer(8));
      return bytes;
    case 1: // one byte, often an extreme one: lengths and sizes become huge or negative
      bytes[at] = [0, 0x7f, 0x80, 0xff, stream.integer(256)][stream.integer(5)] ?? 0;
      return bytes;
    case 2: // truncation
      return bytes.slice(0, at);
    case 3: {
      // a piece removed
      const length = 1 + stream.integer(16);
      return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + length)]);
    }
    case 4: {
      // a piece repeated
      const piece = bytes.subarray(at, at + 1 + stream.integer(64));
      return Uint8Array.from([...bytes.subarray(0, at), ...piece, ...bytes.subarray(at)]);
    }
    case 5: {
      // a piece of another model
      const from = stream.integer(other.length);
      const piece = other.subarray(from, from + 1 + stream.integer(64));
      return Uint8Array.from([...bytes.subarray(0, at), ...piece, ...bytes.subarray(at + piece.length)]);
    }
    case 6: {
      // a run of one value: long varints, empty messages
      const run = Array.from({ length: 1 + stream.integer(32) }, () => [0xff, 0x80, 0x0a, 0x00][at % 4] ?? 0);
      return Uint8Array.from([...bytes.subarray(0, at), ...run, ...bytes.subarray(at)]);
    }
    default: // two bytes changed into printable characters: names stop matching
      bytes[at] = 32 + stream.integer(95);
      return bytes;
  }
}
