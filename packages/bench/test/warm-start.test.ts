/** @file A probe carried over standardised features answers the same, and is dropped where it knows less than nothing. */
import { createWasmRuntime, labelled, rootStream } from "@linear-probes/core";
import { expect, test } from "vitest";
import { onRaw, onStandardized, warmStart } from "../src/stages/warm-start.ts";

test("there and back; onto rescaled features; and not when it would start worse than zero", async () => {
  const runtime = await createWasmRuntime({ threads: 1 });
  try {
    const stream = rootStream("test/warm");
    const [rows, cols, classes] = [200, 5, 3];
    const values = Float32Array.from({ length: rows * cols }, (_, at) => 3 * stream.normal() + (at % cols));
    const featuresOf = (scale: number) => {
      const writer = runtime.createFeatures({ rows, cols });
      writer.write(
        0,
        values.map((value) => value * scale),
      );
      return writer.finish();
    };
    const [features, tiny] = [featuresOf(1), featuresOf(2 ** -20)];
    const probe = {
      classes,
      cols,
      weights: Float64Array.from({ length: classes * cols }, () => stream.normal()),
      bias: Float64Array.from({ length: classes }, () => stream.normal()),
    };
    const back = onRaw(onStandardized(probe, features), features);
    back.weights.forEach((w, at) => expect(w).toBeCloseTo(probe.weights[at] ?? Number.NaN, 12));
    back.bias.forEach((b, at) => expect(b).toBeCloseTo(probe.bias[at] ?? Number.NaN, 12));
    const carried = onRaw(onStandardized(probe, features), tiny);
    carried.weights.forEach((w, at) => expect(w / 2 ** 20).toBeCloseTo(probe.weights[at] ?? Number.NaN, 9));

    const labels = Int32Array.from({ length: rows }, (_, row) => {
      const x = values.subarray(row * cols, (row + 1) * cols);
      const logits = Array.from(probe.bias, (b, c) =>
        x.reduce((sum, v, j) => sum + v * probe.weights[c * cols + j]!, b),
      );
      return logits.indexOf(Math.max(...logits));
    });
    const own = { layer: 1, train: labelled("train", tiny, labels, classes) };
    expect(warmStart(runtime, own, onStandardized(probe, features))).toBeDefined();
    const wrong = { ...probe, weights: probe.weights.map((w) => -w), bias: probe.bias.map((b) => -b) };
    expect(warmStart(runtime, own, onStandardized(wrong, features))).toBeUndefined();
    expect(warmStart(runtime, own, undefined)).toBeUndefined();
  } finally {
    await runtime.dispose();
  }
});
