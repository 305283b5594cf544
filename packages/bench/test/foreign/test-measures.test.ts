import { rootStream, type TestPredictions } from "@linear-probes/core";
import { expect, it } from "vitest";
import { controlLabels } from "../../src/foreign/control-labels.ts";
import type { ProbeData } from "../../src/foreign/probe-data.ts";
import {
  calibrationError,
  majorityError,
  ranks,
  resampledInterval,
  testMeasures,
} from "../../src/foreign/test-measures.ts";

function predictions(rows: readonly (readonly number[])[], labels: readonly number[]): TestPredictions {
  const classes = rows[0]?.length ?? 0;
  const wrong = labels.filter((label, row) => rows[row]?.indexOf(Math.max(...(rows[row] ?? []))) !== label);
  const facts = { rows: rows.length, classes, error: wrong.length / rows.length, loss: 1 };
  return { ...facts, labels: Int32Array.from(labels), probabilities: Float64Array.from(rows.flat()) };
}

it("ranks count the classes that come first, of equals the lower number", () => {
  const given = predictions(
    [
      [0.2, 0.5, 0.3],
      [0.4, 0.4, 0.2],
      [0.4, 0.4, 0.2],
    ],
    [0, 0, 1],
  );
  expect([...ranks(given)]).toEqual([2, 0, 1]);
  expect(testMeasures(given, rootStream(1))).toMatchObject({ testError: 2 / 3, top5Error: null });
});

it("top-5 error counts labels behind five other classes", () => {
  const row = [0.3, 0.2, 0.15, 0.14, 0.11, 0.07, 0.03];
  const given = predictions([row, row, row, row], [0, 4, 5, 6]);
  expect(testMeasures(given, rootStream(1))).toMatchObject({ testError: 0.75, top5Error: 0.5 });
});

it("calibration error: by hand on two bins, zero when confidence is accuracy", () => {
  // Bin of 0.9: 2 of 2 right, |1 - 0.9|; bin of 0.6: 1 of 2 right, |0.5 - 0.6|; half of the rows each.
  const given = predictions(
    [
      [0.9, 0.1],
      [0.9, 0.1],
      [0.6, 0.4],
      [0.6, 0.4],
    ],
    [0, 0, 0, 1],
  );
  expect(calibrationError(given)).toBeCloseTo(0.5 * 0.1 + 0.5 * 0.1, 12);
  const even = Array.from({ length: 10 }, () => [0.7, 0.3]);
  expect(calibrationError(predictions(even, [0, 0, 0, 0, 0, 0, 0, 1, 1, 1]))).toBeCloseTo(0, 12);
});

it("the resampled interval is that of a binomial, and the same for the same stream", () => {
  const wrong = Uint8Array.from({ length: 400 }, (_, row) => (row % 5 === 0 ? 1 : 0)); // 20 %
  const [low, high] = resampledInterval(wrong, rootStream("interval"));
  // Resampling 400 rows of error 0.2 gives Binomial(400, 0.2)/400, whose 2.5th and 97.5th percentiles are 65 and 96.
  expect(Math.abs(400 * low - 65)).toBeLessThanOrEqual(3);
  expect(Math.abs(400 * high - 96)).toBeLessThanOrEqual(3);
  expect(resampledInterval(wrong, rootStream("interval"))).toEqual([low, high]);
  expect(resampledInterval(new Uint8Array(50), rootStream("none"))).toEqual([0, 0]);
});

it("guessing is judged by the commonest training class, of equals the first", () => {
  expect(majorityError(Int32Array.of(2, 2, 0), Int32Array.of(2, 0, 1, 2), 3)).toBe(0.5);
  expect(majorityError(Int32Array.of(1, 0), Int32Array.of(0, 0, 0, 1), 2)).toBe(0.25);
});

it("control labels: equal inputs get equal labels, in all roles, drawn as the training labels are", () => {
  const rows = 3000;
  const set = {
    inputs: Int32Array.from({ length: rows }, (_, row) => row % 1000),
    labels: Int32Array.from({ length: rows }, (_, row) => (row % 4 === 0 ? 1 : 0)),
  };
  const data: ProbeData = {
    record: { name: "types", sha256: "", synthetic: true },
    classes: 2,
    inputShape: [1],
    count: rows,
    labels: set.labels,
    roles: {
      train: Int32Array.from({ length: 2000 }, (_, row) => row),
      validation: Int32Array.of(2000),
      test: Int32Array.of(2001),
    },
    place: (row) => ({ set, row }),
    hash: "",
  };
  const labels = controlLabels(data, rootStream("control"));
  for (let row = 1000; row < rows; row++) expect(labels[row]).toBe(labels[row - 1000]);
  const ones = labels.slice(0, 1000).filter((label) => label === 1).length;
  expect(Math.abs(ones - 250)).toBeLessThan(3 * Math.sqrt(1000 * 0.25 * 0.75));
});
