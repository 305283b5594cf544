/** @file What a layer's probe answers, taken to features of which it is an affine map: the same answers. */
import { createWasmRuntime, matrixFeatures, rootStream } from "@linear-probes/core";
import { expect, test } from "vitest";
import { carriedStart, sampledLogits } from "../src/stages/carried-start.ts";

test("on an affine map of the features the start answers as the probe below, on all rows", async () => {
  const runtime = await createWasmRuntime({ threads: 1 });
  const stream = rootStream("test/carried");
  const [rows, cols, classes] = [5000, 6, 3];
  const normals = (count: number, scale = 1) => Float64Array.from({ length: count }, () => scale * stream.normal());
  const below = Float32Array.from(normals(rows * cols));
  const map = normals(cols * cols).map((value, at) => (at % (cols + 1) === 0 ? 3 + value : value / 3));
  const above = new Float32Array(rows * (cols + 1)); // the last one says nothing
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      let sum = 10 * j;
      for (let a = 0; a < cols; a++) sum += map[j * cols + a]! * below[i * cols + a]!;
      above[i * (cols + 1) + j] = sum * 2 ** (4 * j);
    }
    above[i * (cols + 1) + cols] = 7;
  }
  const [lower, upper] = [
    matrixFeatures(runtime, { values: below, rows, cols }),
    matrixFeatures(runtime, { values: above, rows, cols: cols + 1 }),
  ];
  const probe = { classes, cols, weights: normals(classes * cols), bias: normals(classes) };
  const start = carriedStart(runtime, upper, sampledLogits(lower, probe))!;
  expect(start.weights.filter((_, at) => at % (cols + 1) === cols)).toEqual(new Float64Array(classes));
  for (let i = 0; i < rows; i += 7) {
    for (let c = 0; c < classes; c++) {
      const logit = (x: Float32Array, w: Float64Array, d: number, b: number) =>
        x.reduce((sum, value, j) => sum + value * w[c * d + j]!, b);
      const answered = logit(below.subarray(i * cols, (i + 1) * cols), probe.weights, cols, probe.bias[c]!);
      const carried = logit(
        above.subarray(i * (cols + 1), (i + 1) * (cols + 1)),
        start.weights,
        cols + 1,
        start.bias[c]!,
      );
      expect(Math.abs(carried - answered)).toBeLessThan(0.05); // the ridge, on logits of up to ten
    }
  }
  for (const features of [lower, upper]) features.release();
  await runtime.dispose();
});
