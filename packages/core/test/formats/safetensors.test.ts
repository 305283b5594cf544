/** @file safetensors: round trips, and files that lie. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";

/** A file with the header and data given, whatever they say. */
function forge(header: unknown, data = new Uint8Array(), length?: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const out = new Uint8Array(8 + text.length + data.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(length ?? text.length), true);
  out.set(text, 8);
  out.set(data, 8 + text.length);
  return out;
}

test("what is written is read, to the bit", () => {
  const doubles = fc.array(fc.double(), { maxLength: 20 });
  fc.assert(
    fc.property(
      fc.dictionary(fc.stringMatching(/^[a-z]+$/), doubles),
      fc.dictionary(fc.string(), fc.string()),
      (given, extra) => {
        const metadata = Object.fromEntries(Object.entries(extra));
        const tensors = new Map(
          Object.entries(given).map(([name, list]) => [
            name,
            { shape: [list.length], values: Float64Array.from(list) },
          ]),
        );
        const read = readSafetensors(writeSafetensors(tensors, metadata), "file");
        expect(Object.entries(read.metadata)).toEqual(Object.entries(metadata));
        expect([...read.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
        for (const [name, { values }] of tensors) expect(read.tensors.get(name)?.values).toEqual(values);
      },
    ),
  );
});

test("the bytes of the format's own example layout are read", () => {
  const data = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
  const file = forge({ a: { dtype: "F32", shape: [2, 2], data_offsets: [0, 16] } }, data);
  expect(readSafetensors(file, "file").tensors.get("a")).toEqual({
    shape: [2, 2],
    values: Float32Array.of(1, 2, 3, 4),
  });
});

test("a node Buffer within a larger pool is read like any bytes", () => {
  const file = writeSafetensors(new Map([["a", { shape: [1], values: Float64Array.of(7) }]]), {});
  const pool = Buffer.alloc(file.length + 16);
  pool.set(file, 3);
  const read = readSafetensors(pool.subarray(3, 3 + file.length), "file");
  expect(read.tensors.get("a")?.values).toEqual(Float64Array.of(7));
});

const entry = (dtype: string, shape: unknown, from: number, to: number) => ({ dtype, shape, data_offsets: [from, to] });
const eight = new Uint8Array(8);

test.each<[string, Uint8Array, RegExp]>([
  ["too short", new Uint8Array(3), /8 bytes of header length, got "3 bytes"/],
  ["a header beyond the end", forge("{}", eight, 1e9), /header length must be within/],
  ["not JSON", forge("nonsense"), /header must be JSON/],
  ["an unknown type", forge({ a: entry("F128", [1], 0, 8) }, eight), /dtype must be one of/],
  ["a shape that lies", forge({ a: entry("F64", [2], 0, 8) }, eight), /shape \[2\] must have 16 bytes, got 8/],
  ["a negative shape", forge({ a: entry("F64", [-1], 0, 8) }, eight), /shape must be whole numbers/],
  ["data beyond the end", forge({ a: entry("F64", [2], 0, 16) }, eight), /must end within 8 bytes, got 16/],
  ["overlap", forge({ a: entry("F64", [1], 0, 8), b: entry("U8", [1], 4, 5) }, eight), /begin at byte 8, got 4/],
  ["a hole", forge({ a: entry("U8", [4], 4, 8) }, eight), /begin at byte 0, got 4/],
  ["bytes that belong to nothing", forge({}, eight), /must cover all 8 bytes of data, got 0/],
])("%s is refused", (_, file, message) => {
  expect(() => readSafetensors(file, "probe.safetensors")).toThrow(message);
});

test("arbitrary bytes are refused or read, never a crash", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        readSafetensors(bytes, "file");
      } catch (error) {
        expect(error).toMatchObject({ name: "InputError" });
      }
    }),
  );
});
