/** @file Sums of neighbouring cells: a probe on them and the one lifted to all cells are the same probe. */
import {
  createWasmRuntime,
  evaluateOnValidation,
  labelled,
  type LinearProbe,
  rootStream,
  type Stream,
  type WasmRuntime,
} from "@linear-probes/core";
import { expect, test } from "vitest";
import { certifiedProbe } from "../src/stages/convnet-certified.ts";
import { coarseFeatures, type Maps } from "../src/stages/convnet-coarse.ts";
import { totalVariance } from "../src/stages/total-variance.ts";

const square = ({ weights }: LinearProbe): number => weights.reduce((sum, w) => sum + w * w, 0);

/** Maps of a bump each, at a place that says which of four classes, and noise. */
function drawMaps(runtime: WasmRuntime, stream: Stream, [channels, height, width]: Maps) {
  const cols = channels * height * width;
  return <Role extends "train" | "validation">(role: Role, count: number) => {
    const own = stream.split(role);
    const writer = runtime.createFeatures({ rows: count, cols });
    const labels = Int32Array.from({ length: count }, () => own.integer(4));
    for (const [row, label] of labels.entries()) {
      const [top, left] = [(label & 1) * (height - 4), (label >> 1) * (width - 3)];
      const at = (y: number, x: number): number => (y >= top && y < top + 4 && x >= left && x < left + 3 ? 1 : 0);
      const cells = Float32Array.from({ length: cols }, (_, j) => {
        const [y, x] = [Math.floor(j / width) % height, j % width];
        return at(y, x) + 3 * own.normal();
      });
      writer.write(row, cells);
    }
    return labelled(role, writer.finish(), labels, 4);
  };
}

test.each([2, 3, 4])("squares of %d cells: the same answers, the same penalty", async (side) => {
  const stream = rootStream("coarse");
  const runtime = await createWasmRuntime({ threads: 1 });
  const maps: Maps = [3, 7, 5];
  const draw = (count: number): Float64Array => Float64Array.from({ length: count }, () => stream.normal());
  const part = drawMaps(runtime, stream, maps);
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
  expect(square(lifted) / square(probe)).toBeCloseTo(1, 12);
  expect(() => coarseFeatures(runtime, rows, [3, 7, 6], side)).toThrow(
    'maps: must have 105 cells in all, got "3 × 7 × 6"',
  );
  await runtime.dispose();
});

test("the probe of a path over sums is the optimum of its l2 on all features, by its own certificate and another path's", async () => {
  const runtime = await createWasmRuntime({ threads: 1 });
  const maps: Maps = [3, 8, 6];
  const part = drawMaps(runtime, rootStream("coarse-path"), maps);
  const rows = { train: part("train", 600), validation: part("validation", 400) };
  const settings = { strengths: [1e-1, 1e-2, 1e-3], pathCells: 2e4, pathGap: 1e-2, chosenGap: 1e-4, passes: 200 };
  const coarse = (side: number) => coarseFeatures(runtime, rows, maps, side);
  const sums = certifiedProbe(runtime, { ...rows, coarse }, rootStream(1), { ...settings, pathSide: 2 }, {});
  expect(sums.cells).toMatchObject({ certified: true, status: "converged" });
  expect(sums.path.map(({ cols }) => cols)).toEqual([144, 144, 144]);

  const [strength] = settings.strengths.filter(
    (one) => Math.abs(sums.cells.l2 / one - totalVariance(rows.train.features)) < 1e-9,
  );
  const some = certifiedProbe(runtime, rows, rootStream(1), { ...settings, strengths: [strength ?? NaN] }, {});
  const objective = ({ probe, cells }: typeof sums): number => cells.trainLoss + (cells.l2 / 2) * square(probe);
  expect(Math.abs(objective(sums) - objective(some))).toBeLessThanOrEqual(sums.cells.gapNats + some.cells.gapNats);
  await runtime.dispose();
});
