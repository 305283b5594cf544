/** @file Sums of neighbouring cells: a probe on them and the one lifted to all cells are the same probe. */
import { createWasmRuntime, evaluateOnValidation, labelled, type LinearProbe, rootStream } from "@linear-probes/core";
import { expect, test } from "vitest";
import { coarseFeatures, type Maps } from "../src/stages/convnet-coarse.ts";

test.each([2, 3, 4])("squares of %d cells: the same answers, the same penalty", async (side) => {
  const stream = rootStream("coarse");
  const runtime = await createWasmRuntime({ threads: 1 });
  const maps: Maps = [3, 7, 5];
  const cols = 3 * 7 * 5;
  const draw = (count: number): Float64Array => Float64Array.from({ length: count }, () => stream.normal());
  const part = <Role extends "train" | "validation">(role: Role, count: number) => {
    const writer = runtime.createFeatures({ rows: count, cols });
    writer.write(0, Float32Array.from(draw(count * cols)));
    return labelled(
      role,
      writer.finish(),
      Int32Array.from({ length: count }, (_, i) => i % 4),
      4,
    );
  };
  const rows = { train: part("train", 300), validation: part("validation", 200) };
  const coarse = coarseFeatures(runtime, rows, maps, side);
  const fewer = coarse.train.features.cols;
  expect(fewer).toBe(3 * Math.ceil(7 / side) * Math.ceil(5 / side));
  const probe: LinearProbe = { classes: 4, cols: fewer, weights: draw(4 * fewer), bias: draw(4) };
  const lifted = coarse.lift(probe);
  const [onAll, onSums] = [
    evaluateOnValidation(runtime, lifted, rows.validation),
    evaluateOnValidation(runtime, probe, coarse.validation),
  ];
  expect(onAll.error).toBe(onSums.error);
  expect(onAll.loss / onSums.loss).toBeCloseTo(1, 5);
  const square = ({ weights }: LinearProbe): number => weights.reduce((sum, w) => sum + w * w, 0);
  expect(square(lifted) / square(probe)).toBeCloseTo(1, 12);
  expect(() => coarseFeatures(runtime, rows, [3, 7, 6], side)).toThrow(
    'maps: must have 105 cells in all, got "3 × 7 × 6"',
  );
  await runtime.dispose();
});
