/** @file Gaussian half-spaces: balanced, separable by the direction they were made of, and a function of the stream. */
import { rootStream } from "@linear-probes/core";
import { expect, test } from "vitest";
import { gaussianHalfspace } from "../../src/datasets/gaussian-halfspace.ts";

const stream = rootStream("7/fig03/dataset-12");
const small = { train: 400, test: 300 };

test("every label is the side of the direction drawn from …/direction", async () => {
  const direction = new Float64Array(128);
  stream.split("direction").fillNormal(direction);
  const { train, test } = await gaussianHalfspace.load({ stream, rows: small });
  for (const { inputs, labels } of [train, test]) {
    labels.forEach((label, row) => {
      const x = inputs.subarray(row * 128, (row + 1) * 128);
      expect(label).toBe(direction.reduce((sum, w, j) => sum + w * (x[j] ?? Number.NaN), 0) > 0 ? 1 : 0);
    });
  }
});

test("the same stream gives the same bytes, another stream others", async () => {
  const load = async (path: string, rows = small): ReturnType<typeof gaussianHalfspace.load> =>
    gaussianHalfspace.load({ stream: stream.split(path), rows });
  expect((await load("a")).sha256).toBe((await load("a")).sha256);
  expect((await load("a")).sha256).not.toBe((await load("b")).sha256);
  // The test rows do not depend on how many training rows were asked for.
  expect((await load("a", { train: 7, test: 300 })).test).toEqual((await load("a")).test);
});

test("half of the rows lie on either side, within four standard errors", async () => {
  const { train } = await gaussianHalfspace.load({ stream });
  const positive = train.labels.reduce((sum, label) => sum + label, 0);
  expect(train.labels).toHaveLength(10_000);
  expect(Math.abs(positive - 5_000)).toBeLessThan(4 * Math.sqrt(10_000 / 4));
});

test("a stream must be named", async () => {
  await expect(gaussianHalfspace.load()).rejects.toThrow("gaussian-halfspace: stream must be given");
});
