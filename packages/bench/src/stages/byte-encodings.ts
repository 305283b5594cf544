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
    encode(image) {
      const encoded = new Uint8Array(bytes);
      for (let i = 0; i < bytes; i++) encoded[i] = image[order[i]!]!;
      return encoded;
    },
    decode(encoded) {
      const image = new Uint8Array(bytes);
      for (let i = 0; i < bytes; i++) image[order[i]!] = encoded[i]!;
      return image;
    },
  };
}

function xored(bytes: number, key: Uint8Array): ByteEncoding {
  const apply = (image: Uint8Array): Uint8Array => {
    const out = new Uint8Array(bytes);
    for (let i = 0; i < bytes; i++) out[i] = image[i]! ^ key[i]!;
    return out;
  };
  return { id: "xor", label: "XOR with a keystream", bytes, encode: apply, decode: apply };
}

function substituted(bytes: number, table: Uint8Array): ByteEncoding {
  const inverse = new Uint8Array(256);
  table.forEach((to, from) => (inverse[to] = from));
  return {
    id: "substitution",
    label: "byte values exchanged",
    bytes,
    encode: (image) => looked(image, table),
    decode: (encoded) => looked(encoded, inverse),
  };
}

/** Each byte's entry of the table. */
function looked(bytes: Uint8Array, table: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) out[i] = table[bytes[i]!]!;
  return out;
}

function feistel(bytes: number, rounds: number, stream: Stream): ByteEncoding {
  if (!(bytes % 2 === 0)) reject("feistel", "images must have an even number of bytes", bytes);
  const half = bytes / 2;
  const box = Uint8Array.from(stream.split("box").permutation(256));
  const keys = Array.from({ length: rounds }, (_, round) => randomBytes(half, stream.split(`round-${round}`)));
  /** In place: one half ← itself xor F(the other), the halves taking turns. Its own inverse. */
  const mix = (image: Uint8Array, round: number): void => {
    const key = keys[round]!;
    const [into, from] = round % 2 === 0 ? [0, half] : [half, 0];
    let left = image[from + half - 1]!;
    let own = image[from]!;
    for (let i = 0; i < half; i++) {
      const right = image[i === half - 1 ? from : from + i + 1]!;
      image[into + i]! ^= box[(box[(box[left ^ key[i]!]! + own) & 255]! + right) & 255]!;
      left = own;
      own = right;
    }
  };
  const exchanged = (image: Uint8Array): Uint8Array => {
    const other = new Uint8Array(bytes);
    other.set(image.subarray(half));
    other.set(image.subarray(0, half), half);
    return other;
  };
  const odd = rounds % 2 === 1; // then the halves end in each other's place
  return {
    id: `feistel-${rounds}`,
    label: `${rounds} ${rounds === 1 ? "round" : "rounds"} of Feistel mixing`,
    bytes,
    encode(image) {
      const mixed = new Uint8Array(image); // a copy, of a Buffer too
      for (let round = 0; round < rounds; round++) mix(mixed, round);
      return odd ? exchanged(mixed) : mixed;
    },
    decode(encoded) {
      const mixed = odd ? exchanged(encoded) : new Uint8Array(encoded);
      for (let round = rounds - 1; round >= 0; round--) mix(mixed, round);
      return mixed;
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
