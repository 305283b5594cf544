/** @file libsvm text: what is written is read; what breaks the format is refused with its line. */
import { InputError } from "@linear-probes/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readLibsvm } from "../../src/datasets/libsvm.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("reads labels, sparse rows, comments, empty rows and either line ending", () => {
  // The first rows of LIBSVM's heart_scale, shortened.
  const text = "+1 1:0.708333 3:1 5:-0.320755 # first\r\n-1 2:-1 3:0.333333 4:-0.433962\n\n+1\n-1 5:1e-2";
  expect(readLibsvm(bytes(text), "heart")).toEqual({
    inputs: Float32Array.of(
      0.708333,
      0,
      1,
      0,
      -0.320755,
      0,
      -1,
      0.333333,
      -0.433962,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0.01,
    ),
    labels: Int32Array.of(1, 0, 1, 0),
    cols: 5,
    classes: 2,
    labelValues: [-1, 1],
  });
});

test("takes columns and classes from the training file where the test file lacks some", () => {
  const read = readLibsvm(bytes("3 1:1\n"), "test", { cols: 4, labelValues: [1, 2, 3] });
  expect([read.labels, read.inputs, read.classes]).toEqual([Int32Array.of(2), Float32Array.of(1, 0, 0, 0), 3]);
  expect(() => readLibsvm(bytes("3 1:1\n"), "test", { labelValues: [1, 2] })).toThrow(
    "test, row 1: label must be one of 1 2, got 3",
  );
});

test("any matrix survives writing and reading", () => {
  const value = fc.float({ noNaN: true, noDefaultInfinity: true }).filter((x) => !Object.is(x, -0));
  const matrix = fc.integer({ min: 1, max: 6 }).chain((cols) =>
    fc.record({
      cols: fc.constant(cols),
      rows: fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.array(value, { minLength: cols, maxLength: cols })), {
        minLength: 1,
        maxLength: 8,
      }),
    }),
  );
  fc.assert(
    fc.property(matrix, ({ cols, rows }) => {
      const lines = rows.map(([label, row]) => {
        const entries = row.flatMap((x, j) => (x === 0 ? [] : [`${j + 1}:${x}`]));
        return [label, ...entries].join(" ");
      });
      const read = readLibsvm(bytes(lines.join("\n")), "a", { cols });
      expect([...read.inputs]).toEqual(rows.flatMap(([, row]) => row));
      expect([...read.labels].map((c) => read.labelValues[c])).toEqual(rows.map(([label]) => label));
    }),
  );
});

describe("what breaks the format is refused", () => {
  test.each([
    ["1 1:2\none 1:2", 'a, line 2: label must be a finite number, got "one"'],
    ["1 0:2", 'a, line 1: must be index:value, index from 1, got "0:2"'],
    ["1 1:2 qid:3", 'must be index:value, index from 1, got "qid:3"'],
    ["1 1", 'must be index:value, index from 1, got "1"'],
    ["1 2:1 2:1", 'indices must ascend, after 2, got "2:1"; sort them'],
    ["1 2:nan", 'value of index 2 must be a finite number, got "nan"'],
    ["1 2:inf", 'value of index 2 must be a finite number, got "inf"'],
    ["1 2:1e39", 'value of index 2 must be a finite number, got "1e39"'],
    ["1 2:0x10", 'value of index 2 must be a finite number, got "0x10"'],
    ["1 2:", 'value of index 2 must be a finite number, got ""'],
    ["1 999999999:1", "dense size must be at most 536870912 values"],
    ["# nothing\n", "a: must have at least one row"],
    ["1\n2", "a: cols must be at least 1, got 0"],
  ])("%j", (text, message) => {
    expect(() => readLibsvm(bytes(text), "a")).toThrow(InputError);
    expect(() => readLibsvm(bytes(text), "a")).toThrow(message);
  });

  test("any bytes are read or refused", () => {
    const unit = fc.constantFrom("0", "1", ":", ".", " ", "-", "+", "e", "#", "\n", "\r", "\t", "x");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
        try {
          readLibsvm(bytes(text), "a", { mostValues: 10_000 });
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
    );
  });
});
