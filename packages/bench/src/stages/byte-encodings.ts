/**
 * @file Bijections on images as strings of bytes: each keeps every bit of an image, and each can be undone. The same for
 * all images, so that what is applied is one function, as a layer of a network is.
 *
 * `feistel-r` mixes with r rounds of Feistel's network (Feistel 1973): halves (L, R) become (R, L xor F(R)), which can be
 * undone whatever F is. Byte i of F depends on three neighbours of R, so a byte's influence spreads a little every round.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { reject, type Stream } from "@linear-probes/core";

export interface ByteEncoding {
  readonly id: string;
  readonly label: string;
  readonly bytes: number; // length of every encoded image
  encode(image: Uint8Array): Uint8Array;
  decode(encoded: Uint8Array): Uint8Array;
}

/** All encodings of images of `bytes` bytes; `images` says how long the longest deflated image is. */
export function byteEncodings(bytes: number, images: readonly Uint8Array[], stream: Stream): readonly ByteEncoding[] {
  return [
    { id: "pixels", label: "pixels as they are", bytes, encode: (image) => image, decode: (image) => image },
    permuted(bytes, stream.split("permutation").permutation(bytes)),
    xored(bytes, randomBytes(bytes, stream.split("keystream"))),
    substituted(bytes, Uint8Array.from(stream.split("substitution").permutation(256))),
    ...[1, 2, 4, 8, 16].map((rounds) => feistel(bytes, rounds, stream.split("feistel"))),
    deflated(bytes, images),
  ];
}

function permuted(bytes: number, order: Int32Array): ByteEncoding {
  return {
    id: "permutation",
    label: "pixels in another order",
    bytes,
    encode: (image) => image.map((_, i) => image[order[i]!]!),
    decode(encoded) {
      const image = new Uint8Array(bytes);
      order.forEach((from, i) => (image[from] = encoded[i]!));
      return image;
    },
  };
}

function xored(bytes: number, key: Uint8Array): ByteEncoding {
  const apply = (image: Uint8Array): Uint8Array => image.map((byte, i) => byte ^ key[i]!);
  return { id: "xor", label: "XOR with a keystream", bytes, encode: apply, decode: apply };
}

function substituted(bytes: number, table: Uint8Array): ByteEncoding {
  const inverse = new Uint8Array(256);
  table.forEach((to, from) => (inverse[to] = from));
  return {
    id: "substitution",
    label: "byte values exchanged",
    bytes,
    encode: (image) => image.map((byte) => table[byte]!),
    decode: (encoded) => encoded.map((byte) => inverse[byte]!),
  };
}

function feistel(bytes: number, rounds: number, stream: Stream): ByteEncoding {
  if (!(bytes % 2 === 0)) reject("feistel", "images must have an even number of bytes", bytes);
  const half = bytes / 2;
  const box = Uint8Array.from(stream.split("box").permutation(256));
  const keys = Array.from({ length: rounds }, (_, round) => randomBytes(half, stream.split(`round-${round}`)));
  const mix = (into: Uint8Array, from: Uint8Array, key: Uint8Array): Uint8Array => {
    const mixed = new Uint8Array(half);
    for (let i = 0; i < half; i++) {
      const left = from[i === 0 ? half - 1 : i - 1]!;
      const right = from[i === half - 1 ? 0 : i + 1]!;
      mixed[i] = into[i]! ^ box[(box[(box[left ^ key[i]!]! + from[i]!) & 255]! + right) & 255]!;
    }
    return mixed;
  };
  const join = (left: Uint8Array, right: Uint8Array): Uint8Array => {
    const whole = new Uint8Array(bytes);
    whole.set(left);
    whole.set(right, half);
    return whole;
  };
  return {
    id: `feistel-${rounds}`,
    label: `${rounds} ${rounds === 1 ? "round" : "rounds"} of Feistel mixing`,
    bytes,
    encode(image) {
      let [left, right]: [Uint8Array, Uint8Array] = [image.slice(0, half), image.slice(half)];
      for (const key of keys) [left, right] = [right, mix(left, right, key)];
      return join(left, right);
    },
    decode(encoded) {
      let [left, right]: [Uint8Array, Uint8Array] = [encoded.slice(0, half), encoded.slice(half)];
      for (const key of keys.toReversed()) [left, right] = [mix(right, left, key), left];
      return join(left, right);
    },
  };
}

/** Deflate streams (RFC 1951) end themselves, so that zeros after them take nothing away. */
function deflated(bytes: number, images: readonly Uint8Array[]): ByteEncoding {
  const pack = (image: Uint8Array): Uint8Array => deflateRawSync(image, { level: 9 });
  let known: { readonly packed: ReadonlyMap<Uint8Array, Uint8Array>; readonly length: number } | undefined;
  const packAll = (): NonNullable<typeof known> => {
    const packed = new Map(images.map((image) => [image, pack(image)]));
    return { packed, length: packed.values().reduce((longest, { length }) => Math.max(longest, length), 0) };
  };
  // Once, since the highest level takes its time, and only where this encoding is asked for.
  const all = (): NonNullable<typeof known> => (known ??= packAll());
  return {
    id: "deflate",
    label: "deflate, then zeros",
    get bytes() {
      return all().length;
    },
    encode(image) {
      const { packed, length } = all();
      const padded = new Uint8Array(length);
      padded.set(packed.get(image) ?? pack(image));
      return padded;
    },
    decode: (encoded) => new Uint8Array(inflateRawSync(encoded, { maxOutputLength: bytes })),
  };
}

function randomBytes(count: number, stream: Stream): Uint8Array {
  return Uint8Array.from({ length: count }, () => stream.integer(256));
}
