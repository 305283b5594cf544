/** @file Synthetic digits: pinned bytes, image i depends on i alone, about as hard for a linear classifier as MNIST. */
import { rootStream, sha256 } from "@linear-probes/core";
import { describe, expect, test } from "vitest";
import type { LabelledInputs } from "../../src/dataset.ts";
import { syntheticDigits } from "../../src/datasets/synthetic-digits.ts";

const SIZE = 784;

test("the bytes are pinned: the same on every machine, whatever the seed", async () => {
  const rows = { train: 200, test: 100 };
  const { train, synthetic, notice } = await syntheticDigits.load({ rows, stream: rootStream("any") });
  expect([sha256(Uint8Array.from(train.inputs)), train.labels.slice(0, 12).join("")]).toMatchInlineSnapshot(`
    [
      "eb608203793a27eedcb8d63eeedbf96a6a76285c47369f3f3b11d5adbe3bd256",
      "786590932938",
    ]
  `);
  expect(synthetic).toBe(true);
  expect(notice).toContain("not from MNIST");
});

test("fewer rows are the first rows; test images are not training images", async () => {
  const few = await syntheticDigits.load({ rows: { train: 40, test: 40 } });
  const more = await syntheticDigits.load({ rows: { train: 90, test: 50 } });
  expect(few.train.inputs).toEqual(more.train.inputs.subarray(0, 40 * SIZE));
  expect(few.test.labels).toEqual(more.test.labels.subarray(0, 40));
  expect(few.test.inputs).not.toEqual(few.train.inputs);
  await expect(syntheticDigits.load({ rows: { train: 60_001 } })).rejects.toThrow("1..60000, got 60001");
});

describe("images", async () => {
  const { train, test: held } = await syntheticDigits.load({ rows: { train: 5_000, test: 2_000 } });

  test("are dark with clean borders and centred ink, as MNIST's are", () => {
    let [ink, offset] = [0, 0];
    for (let i = 0; i < train.labels.length; i++) {
      const image = train.inputs.subarray(i * SIZE, (i + 1) * SIZE);
      const [mass, x, y] = moments(image);
      ink += mass;
      // MNIST centres the ink, to the nearest pixel; here the line is centred, whose crossings hold less ink than line.
      offset += Math.abs(x / mass - 13.5) + Math.abs(y / mass - 13.5);
      expect(Math.max(Math.abs(x / mass - 13.5), Math.abs(y / mass - 13.5))).toBeLessThan(1.5);
    }
    expect(offset / (2 * train.labels.length)).toBeLessThan(0.25); // half a pixel's rounding, on average
    const mean = ink / train.inputs.length / 255;
    expect(mean).toBeGreaterThan(0.11); // MNIST: 0.1307
    expect(mean).toBeLessThan(0.16);
  });

  test("hold every digit about equally often", () => {
    for (let digit = 0; digit < 10; digit++) {
      const count = train.labels.reduce((sum, label) => sum + (label === digit ? 1 : 0), 0);
      expect(Math.abs(count - 500)).toBeLessThan(4 * Math.sqrt(5_000 * 0.1 * 0.9));
    }
  });

  test("are misread by a linear classifier 5 to 15 % of the time (MNIST: 8 to 12 %, LeCun et al. 1998)", () => {
    const error = linearError(train, held);
    expect(error).toBeGreaterThan(0.05);
    expect(error).toBeLessThan(0.15);
  });
});

function moments(image: ArrayLike<number>): [mass: number, x: number, y: number] {
  let [mass, x, y] = [0, 0, 0];
  for (let p = 0; p < image.length; p++) {
    const ink = image[p] ?? Number.NaN;
    mass += ink;
    x += ink * (p % 28);
    y += ink * Math.floor(p / 28);
  }
  return [mass, x, y];
}

/** Test error of softmax regression after ten sweeps of plain stochastic gradient descent. */
function linearError(train: LabelledInputs, held: LabelledInputs): number {
  const weights = new Float64Array(10 * SIZE);
  const logits = new Float64Array(10);
  const read = ({ inputs }: LabelledInputs, row: number): void => {
    for (let k = 0; k < 10; k++) {
      let sum = 0;
      for (let j = 0; j < SIZE; j++) sum += weights[k * SIZE + j]! * inputs[row * SIZE + j]!;
      logits[k] = sum / 255;
    }
  };
  for (let step = 0; step < 10 * train.labels.length; step++) {
    const row = step % train.labels.length;
    read(train, row);
    const exponentials = logits.map(Math.exp);
    const total = exponentials.reduce((sum, e) => sum + e, 0);
    for (let k = 0; k < 10; k++) {
      const residual = exponentials[k]! / total - (train.labels[row] === k ? 1 : 0);
      for (let j = 0; j < SIZE; j++) weights[k * SIZE + j]! -= (0.01 * residual * train.inputs[row * SIZE + j]!) / 255;
    }
  }
  let errors = 0;
  held.labels.forEach((label, row) => {
    read(held, row);
    if (logits.indexOf(Math.max(...logits)) !== label) errors += 1;
  });
  return errors / held.labels.length;
}
