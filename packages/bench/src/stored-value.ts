/**
 * @file The bytes of one stored value: the sha256 of the rest (64 hexadecimal digits and a newline), a line of
 * canonical JSON that names the facts and the arrays, then the arrays' bytes. A half or altered file cannot be decoded.
 */
import { createHash } from "node:crypto";
import { canonicalJson, type Json } from "./json.ts";
import { z } from "zod";

export type Facts = { readonly kind: string } & { readonly [key: string]: Json };
export type StoredArray = Float16Array | Float32Array | Float64Array | Int32Array;

/** What computing a value took, so that a resumed run can still say what the whole cost. */
export interface Cost {
  readonly seconds: Readonly<Record<string, number>>; // phase → wall seconds
  readonly peakRssMiB: number;
}

export interface StoredValue {
  readonly json: Json;
  readonly arrays?: Readonly<Record<string, StoredArray>>;
}

export interface Entry {
  readonly facts: Facts;
  readonly json: Json;
  readonly arrays: Readonly<Record<string, StoredArray>>;
  readonly cost: Cost;
}

const header = z.object({
  facts: z.looseObject({ kind: z.string() }),
  json: z.json(),
  cost: z.object({ seconds: z.record(z.string(), z.number()), peakRssMiB: z.number() }),
  arrays: z.array(
    z.object({ name: z.string(), type: z.enum(["float16", "float32", "float64", "int32"]), bytes: z.number() }),
  ),
});

/** Float16Array is only named where it is used: older engines lack it. */
const typedArrays = {
  float16: (buffer: ArrayBuffer) => new Float16Array(buffer),
  float32: (buffer: ArrayBuffer) => new Float32Array(buffer),
  float64: (buffer: ArrayBuffer) => new Float64Array(buffer),
  int32: (buffer: ArrayBuffer) => new Int32Array(buffer),
};

function typeOf(array: StoredArray): keyof typeof typedArrays {
  if (array instanceof Float32Array) return "float32";
  if (array instanceof Float64Array) return "float64";
  return array instanceof Int32Array ? "int32" : "float16";
}

/** The chunks of the file, ready to be written. */
export function encode(facts: Facts, value: StoredValue, cost: Cost): Uint8Array[] {
  const arrays = Object.entries(value.arrays ?? {});
  const line = canonicalJson({
    facts,
    json: value.json,
    cost: { seconds: { ...cost.seconds }, peakRssMiB: cost.peakRssMiB },
    arrays: arrays.map(([name, array]) => ({ name, type: typeOf(array), bytes: array.byteLength })),
  });
  const rest = [
    Buffer.from(`${line}\n`),
    ...arrays.map(([, array]) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)),
  ];
  const hash = createHash("sha256");
  for (const chunk of rest) hash.update(chunk);
  return [Buffer.from(`${hash.digest("hex")}\n`), ...rest];
}

/** The entry in `bytes`, or what is wrong with it. */
export function decode(bytes: Buffer): Entry | { readonly broken: string } {
  const rest = bytes.subarray(65);
  const actual = createHash("sha256").update(rest).digest("hex");
  if (bytes.subarray(0, 65).toString("latin1") !== `${actual}\n`) return { broken: "its hash does not match" };
  const lineEnd = rest.indexOf(10);
  const parsed = header.safeParse(JSON.parse(rest.subarray(0, lineEnd).toString("utf8")));
  if (!parsed.success) return { broken: "it was written by another version" };
  const arrays: Record<string, StoredArray> = {};
  let at = lineEnd + 1;
  for (const { name, type, bytes: size } of parsed.data.arrays) {
    // Copied, since a typed array must start at a multiple of its element size.
    const own = new Uint8Array(rest.subarray(at, at + size));
    arrays[name] = typedArrays[type](own.buffer);
    at += size;
  }
  const { json, cost } = parsed.data;
  // looseObject proves an object with a kind; that its other members are JSON follows from JSON.parse.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see the line above
  return { facts: parsed.data.facts as Facts, json, arrays, cost };
}
