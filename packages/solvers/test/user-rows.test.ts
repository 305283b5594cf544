/** @file Labels and matrices as users give them. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { classesOf, encodeLabels, readFeatures } from "../src/index.ts";

test("labels encode to 0 .. k-1 and back, in order, words or numbers", () => {
  const words = fc.array(fc.string(), { minLength: 1 });
  const numbers = fc.array(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(fc.oneof(words, numbers), (labels) => {
      const classes = classesOf(labels);
      expect(new Set(classes).size).toBe(classes.length);
      expect(Array.from(encodeLabels(labels, classes), (index) => classes[index])).toEqual(labels);
    }),
  );
});

test("numbers are ordered by value, words by code point", () => {
  expect(classesOf([10, 9, -1, 9])).toEqual([-1, 9, 10]);
  expect(classesOf(["b", "B", "a"])).toEqual(["B", "a", "b"]);
});

test("rows, float64 and float32 matrices are the same matrix", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.float(), fc.float(), fc.float()), { minLength: 1 }), (rows) => {
      const values = Float64Array.from(rows.flat());
      const expected = { rows: rows.length, cols: 3, values: Float32Array.from(values) };
      expect(readFeatures(rows)).toEqual(expected);
      expect(readFeatures({ values, cols: 3 })).toEqual(expected);
    }),
  );
});
