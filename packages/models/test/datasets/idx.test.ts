/** @file idx files: what is written is read, and nothing damaged is. */
import { InputError } from "@linear-probes/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseIdx } from "../../src/datasets/parts/idx.ts";
import type { IdxTypeByte } from "./encode-idx.ts";
import { encodeIdx } from "./encode-idx.ts";

const RANGES: Record<IdxTypeByte, fc.Arbitrary<number>> = {
  0x08: fc.integer({ min: 0, max: 255 }),
  0x09: fc.integer({ min: -128, max: 127 }),
  0x0b: fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
  0x0c: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  0x0d: fc.float(),
  0x0e: fc.double(),
};

const idxFile = fc
  .tuple(
    fc.constantFrom<IdxTypeByte[]>(0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e),
    fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }),
  )
  .chain(([type, shape]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const values = fc.array(RANGES[type], { minLength: size, maxLength: size });
    return values.map((list) => ({ shape, list, bytes: encodeIdx(type, shape, list) }));
  });

test("every type and shape survives writing and reading", () => {
  fc.assert(
    fc.property(idxFile, ({ shape, list, bytes }) => {
      const read = parseIdx(bytes, "a.idx");
      expect(read.shape).toEqual(shape);
      expect([...read.values]).toEqual(list);
    }),
  );
});

test("a file cut or lengthened anywhere is refused", () => {
  fc.assert(
    fc.property(idxFile, fc.nat(), ({ bytes }, at) => {
      expect(() => parseIdx(bytes.subarray(0, at % bytes.length), "a.idx")).toThrow(InputError);
      expect(() => parseIdx(Uint8Array.of(...bytes, 0), "a.idx")).toThrow(InputError);
    }),
  );
});

test("any bytes are either read or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        parseIdx(bytes, "a.idx");
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }),
  );
});

test("errors name the file, the rule, the value and the remedy", () => {
  const good = encodeIdx(0x08, [2, 3], [1, 2, 3, 4, 5, 6]);
  expect(() => parseIdx(good.subarray(0, 10), "dir/a.idx")).toThrow(
    "dir/a.idx: header of 2 axes takes 12 bytes, got 10; the file is damaged or not idx: fetch it again",
  );
  expect(() => parseIdx(good.subarray(0, 15), "dir/a.idx")).toThrow(
    "dir/a.idx: header says 2 × 3 values, 18 bytes in all, got 15",
  );
  const wrongMagic = good.slice();
  wrongMagic[2] = 0x77;
  expect(() => parseIdx(wrongMagic, "dir/a.idx")).toThrow(/^dir\/a\.idx: magic number must be .*, got "0x00007702"; /);
});

test("a header that declares more than can exist is refused before anything is allocated", () => {
  const hostile = encodeIdx(0x0e, [2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1], []);
  expect(() => parseIdx(hostile, "a.idx")).toThrow(InputError);
});
