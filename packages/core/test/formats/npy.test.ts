/** @file npy and npz: numpy's own files are read, ours are what numpy writes, hostile ones are refused. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError } from "../../src/errors.ts";
import type { NpyValues } from "../../src/formats/npy.ts";
import { readNpy, writeNpy } from "../../src/formats/npy.ts";
import { readNpz } from "../../src/formats/npz.ts";
import { NUMPY_MADE } from "./numpy-made.ts";

const made = (name: keyof typeof NUMPY_MADE): Buffer => Buffer.from(NUMPY_MADE[name], "base64");

describe("files made by numpy", () => {
  test.each<[keyof typeof NUMPY_MADE, readonly number[], NpyValues]>([
    ["float32", [2, 3], Float32Array.of(1, -2.5, 3, 4, 5, 6e10)],
    ["int64", [3], BigInt64Array.of(7n, -8n, 2n ** 53n + 1n)],
    ["bytesVersion2", [3], Uint8Array.of(1, 2, 255)],
    ["halfVersion3", [2, 1], Float32Array.of(0.5, 65504)],
    ["scalar", [], Float64Array.of(3.25)],
  ])("%s is read", (name, shape, values) => {
    expect(readNpy(made(name), "a.npy")).toEqual({ shape, values });
  });

  test.each<[keyof typeof NUMPY_MADE, string]>([
    ["fortranOrder", 'fortran_order must be False, got "True"; save numpy.ascontiguousarray'],
    ["bigEndian", 'descr must be one of <f8 <f4 <f2 |i1 |u1 |b1 <i2 <u2 <i4 <u4 <i8 <u8, got ">i4"'],
    ["pickledObject", 'got "|O"'],
    ["structured", "header must give a simple descr"],
  ])("%s is refused", (name, message) => {
    expect(() => readNpy(made(name), "a.npy")).toThrow(InputError);
    expect(() => readNpy(made(name), "a.npy")).toThrow(message);
  });

  test("our bytes are numpy's bytes", () => {
    expect(Buffer.from(writeNpy([2, 3], Float32Array.of(1, -2.5, 3, 4, 5, 6e10))).equals(made("float32"))).toBe(true);
    expect(Buffer.from(writeNpy([3], BigInt64Array.of(7n, -8n, 2n ** 53n + 1n))).equals(made("int64"))).toBe(true);
    expect(Buffer.from(writeNpy([], Float64Array.of(3.25))).equals(made("scalar"))).toBe(true);
  });

  test("archives are read, stored or compressed", () => {
    expect([...readNpz(made("archive"), "a.npz")]).toEqual([
      ["x", { shape: [2, 2], values: Int32Array.of(1, 2, 3, 4) }],
      ["y", { shape: [1], values: Float64Array.of(1.5) }],
    ]);
    const compressed = readNpz(made("compressedArchive"), "a.npz");
    expect(compressed.get("x")).toEqual({ shape: [50, 50], values: new Float32Array(2500) });
    expect(compressed.get("labels")?.values).toEqual(Uint8Array.of(0, 1, 1));
  });
});

const array = fc.array(fc.nat(4), { maxLength: 4 }).chain((shape) => {
  const size = shape.reduce((product, length) => product * length, 1);
  const exactly = { minLength: size, maxLength: size };
  const values = fc.oneof<fc.Arbitrary<NpyValues>[]>(
    fc.float32Array(exactly),
    fc.float64Array(exactly),
    fc.uint8Array(exactly),
    fc.int8Array(exactly),
    fc.int16Array(exactly),
    fc.uint16Array(exactly),
    fc.int32Array(exactly),
    fc.uint32Array(exactly),
    fc.bigInt64Array(exactly),
    fc.bigUint64Array(exactly),
  );
  return values.map((list) => ({ shape, values: list }));
});

test("every type and shape survives writing and reading, at any alignment", () => {
  fc.assert(
    fc.property(array, fc.nat(9), ({ shape, values }, shift) => {
      const bytes = writeNpy(shape, values);
      const moved = new Uint8Array(bytes.length + shift);
      moved.set(bytes, shift);
      expect(readNpy(moved.subarray(shift), "a.npy")).toEqual({ shape, values });
    }),
  );
});

describe("hostile bytes", () => {
  const npy = (header: string, body = 0): Buffer => {
    const start = Buffer.from("\u0093NUMPY\u0001\u0000\0\0", "latin1");
    start.writeUInt16LE(header.length, 8);
    return Buffer.concat([start, Buffer.from(header, "latin1"), Buffer.alloc(body)]);
  };

  test.each<[string, Buffer, string]>([
    ["no header", Buffer.from("hello, this is text"), "must begin with \\x93NUMPY"],
    ["version 9", made("float32").fill(9, 6, 7), "npy version must be 1, 2 or 3, got 9"],
    ["header beyond the end", made("float32").subarray(0, 40), "header ends at byte 128"],
    [
      "a huge shape",
      npy("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }\n"),
      "takes 147573952589676410000 bytes, got 88",
    ],
    [
      "a shape beyond counting",
      npy(`{'descr': '<f8', 'fortran_order': False, 'shape': (${"9".repeat(400)},), }\n`),
      "sensible length",
    ],
    [
      "a negative shape",
      npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }\n"),
      "header must give a simple descr",
    ],
    ["a shape of gaps", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,,2), }\n"), "header must give descr"],
    ["an entry twice", npy("{'descr': '<f8', 'descr': '<f8', 'shape': (), }\n"), "header must name descr once"],
    ["an entry missing", npy("{'descr': '<f8', 'shape': (), }\n"), "header must give descr, fortran_order and shape"],
    ["code", npy("__import__('os').system('x')\n"), "header must be a dictionary"],
    [
      "another entry",
      npy("{'descr': '<f8', 'fortran_order': False, 'shape': (), 'x': (), }\n", 8),
      "header must give a simple",
    ],
    ["too few values", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n", 8), "takes 84 bytes, got 76"],
  ])("%s is refused", (_, bytes, message) => {
    expect(() => readNpy(bytes, "a.npy")).toThrow(InputError);
    expect(() => readNpy(bytes, "a.npy")).toThrow(message);
  });

  test.each<["float32" | "archive" | "compressedArchive"]>([["float32"], ["archive"], ["compressedArchive"]])(
    "%s, damaged anywhere, is read or refused",
    (name) => {
      const read = name === "float32" ? readNpy : readNpz;
      fc.assert(
        fc.property(fc.nat(), fc.nat(255), fc.boolean(), (at, value, cut) => {
          const bytes = made(name);
          bytes[at % bytes.length] = value;
          try {
            read(cut ? bytes.subarray(0, (at * 31) % bytes.length) : bytes, "a");
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
          }
        }),
        { numRuns: 1_000 },
      );
    },
  );

  test("an archive must not inflate beyond what it declares, nor what is allowed", () => {
    const bytes = made("compressedArchive");
    const entry = bytes.indexOf(Buffer.from("PK\u0001\u0002"));
    expect(() => readNpz(bytes, "a.npz", 5_000)).toThrow("a.npz: must unpack to at most 5000 bytes, got 10128");
    bytes.writeUInt32LE(200, entry + 24);
    expect(() => readNpz(bytes, "a.npz")).toThrow('a.npz, "x.npy": must inflate to 200 bytes');
  });

  test("a member whose bytes changed is refused", () => {
    const bytes = made("archive");
    bytes[60] = 0x20;
    expect(() => readNpz(bytes, "a.npz")).toThrow('a.npz, "x.npy": crc32 must be');
  });
});
