/** @file The penalty of a probe pulled back through a network's last layer, by hand. */
import { expect, it } from "vitest";
import { pulledBackPenalty } from "../src/stages/convnet-film.ts";

it("is (l2/2)‖W A‖²", () => {
  const a = Float32Array.of(1, 2, 3, 4, 5, 6); // three inputs, two units
  const probe = { classes: 2, cols: 2, weights: Float64Array.of(1, 0, -1, 1), bias: Float64Array.of(0, 0) };
  // W A: class 0 reads unit 0: 1, 3, 5; class 1 the difference of the units: 1, 1, 1.
  expect(pulledBackPenalty(probe, new Map([["logits/weights", a]]), 0.5)).toBe((0.5 / 2) * (1 + 9 + 25 + 3));
});
