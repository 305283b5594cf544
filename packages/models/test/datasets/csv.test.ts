/** @file csv: numbers and labels by column, refused with line and column. */
import { InputError } from "@linear-probes/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCsv } from "../../src/datasets/parts/csv.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string, labelColumn?: string): ReturnType<typeof readCsv> =>
  readCsv(bytes(text), "a.csv", ",", labelColumn);

test("the label column may be anywhere, quoted, after a byte order mark, of words or numbers", () => {
  const text = '\ufeffheight,"class",width\r\n1.5,"cat, big",2\r\n\r\n-3e2,dog,.5\r\n';
  expect(read(text)).toEqual({
    inputs: Float32Array.of(1.5, 2, -300, 0.5),
    labels: ["cat, big", "dog"],
    columns: ["height", "width"],
  });
  expect(read("a,b\n1,2\n3,4\n", "a")).toEqual({ inputs: Float32Array.of(2, 4), labels: [1, 3], columns: ["b"] });
  expect(readCsv(bytes("y\tx\n1\t2\n"), "a.tsv", "\t").inputs).toEqual(Float32Array.of(2));
});

test("any table survives writing and reading", () => {
  const cell = fc.float({ noNaN: true, noDefaultInfinity: true }).filter((x) => !Object.is(x, -0));
  const table = fc
    .integer({ min: 1, max: 5 })
    .chain((cols) => fc.array(fc.array(cell, { minLength: cols, maxLength: cols }), { minLength: 1, maxLength: 6 }));
  fc.assert(
    fc.property(table, (rows) => {
      const header = ["label", ...(rows[0] ?? []).map((_, j) => `x${j}`)].join(",");
      const lines = rows.map((row, i) => [i, ...row].join(","));
      const { inputs, labels } = read([header, ...lines].join("\n"));
      expect([...inputs]).toEqual(rows.flat());
      expect(labels).toEqual(rows.map((_, i) => i));
    }),
  );
});

describe("refused with the reason", () => {
  test.each([
    ["x,label\n1,0\nred,1", 'a.csv, line 3, column "x": must be a finite number, got "red"'],
    ["x,label\n,0", 'a.csv, line 2, column "x": must be a finite number, got ""'],
    ["x,label\nNaN,0", 'must be a finite number, got "NaN"'],
    ["x,label\n1e39,0", 'must be a finite number, got "1e39"'],
    ["x,label\n1,2,3", "must be csv with as many cells in every line"],
    ['x,label\n"1,2', "must be csv with as many cells in every line"],
    ["x,z\n1,2", 'must have a column of labels called label, labels, class, target, y, got "x, z"; name it'],
    ["label\n1", "must have columns beside the labels"],
    ["x,label", "must have a line of names and lines of rows"],
    ["", "must have a line of names and lines of rows"],
  ])("%j", (text, message) => {
    expect(() => read(text)).toThrow(InputError);
    expect(() => read(text)).toThrow(message);
  });
});
