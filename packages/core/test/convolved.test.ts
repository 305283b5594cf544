/** @file Minibatch sweeps by way of the inputs of a convolution against those on the features themselves. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Features, MinibatchSweep } from "../src/kernels/kernels.ts";
import { createReferenceRuntime } from "../src/kernels/reference.ts";
import { createWasmRuntime, type WasmRuntime } from "../src/kernels/wasm.ts";
import { matrixFeatures } from "../src/kernels/matrix-features.ts";
import { rootStream } from "../src/stream.ts";

const shapes = [
  { n: 50, height: 5, width: 6, filters: 3, side: 3, k: 3 },
  { n: 40, height: 4, width: 34, filters: 2, side: 5, k: 2 },
  { n: 30, height: 3, width: 32, filters: 1, side: 1, k: 10 },
] as const;
type Shape = (typeof shapes)[number];

/** Inputs, kernels, and the features as float32 numbers of the definition. */
function drawn({ n, height, width, filters, side, k }: Shape) {
  const stream = rootStream(`convolved/${height}x${width}x${side}`);
  const normals = (count: number) => Float32Array.from({ length: count }, () => stream.normal());
  const [inputs, kernels, bias] = [normals(n * height * width), normals(filters * side * side), normals(filters)];
  const d = filters * height * width;
  const half = (side - 1) / 2;
  const at = (i: number, y: number, x: number): number =>
    y >= 0 && y < height && x >= 0 && x < width ? inputs[(i * height + y) * width + x]! : 0;
  const features = new Float32Array(n * d);
  for (let i = 0; i < n; i++)
    for (let f = 0; f < filters; f++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          let sum = bias[f]!;
          for (let a = 0; a < side; a++)
            for (let b = 0; b < side; b++)
              sum += kernels[(f * side + a) * side + b]! * at(i, y + a - half, x + b - half);
          features[i * d + (f * height + y) * width + x] = sum;
        }
  const labels = Int32Array.from({ length: n }, () => stream.integer(k));
  return { d, inputs, kernels, bias, features, labels, shift: features.slice(0, d), order: stream.permutation(n) };
}

function sweepOf(d: number, k: number, order: Int32Array): MinibatchSweep {
  const stream = rootStream(`convolved/sweep/${d}`);
  const numbers = (count: number, of: () => number) => Float64Array.from({ length: count }, of);
  return {
    order,
    batch: 16,
    weights: numbers(k * d, () => 0.1 * stream.normal()),
    bias: numbers(k, () => stream.normal()),
    weightsSquare: numbers(k * d, () => 0.01 * stream.uniform()),
    biasSquare: numbers(k, () => 0.01 * stream.uniform()),
    penalty: numbers(d, () => 0.01 * stream.uniform()),
    weightsRate: numbers(d, () => 0.001 * (1 + stream.uniform())),
    weightsEpsilon: numbers(d, () => 1e-3 * (1 + stream.uniform())),
    learningRate: 0.01,
    epsilon: 1e-3,
    decay: 0.9,
  };
}

const numbersOf = (sweep: MinibatchSweep, loss: number): number[] => [
  loss,
  ...[sweep.weights, sweep.bias, sweep.weightsSquare, sweep.biasSquare].flatMap((values) => [...values]),
];

describe("minibatch sweeps on a convolution", () => {
  let one: WasmRuntime;
  let two: WasmRuntime;
  beforeAll(async () => {
    one = await createWasmRuntime({ threads: 1 });
    two = await createWasmRuntime({ threads: 2 });
  });
  afterAll(async () => {
    await one.dispose();
    await two.dispose();
  });

  for (const shape of shapes) {
    const { n, height, width, k } = shape;
    const { d, labels, shift, order, ...given } = drawn(shape);
    const swept = (runtime: WasmRuntime, known: boolean): number[] => {
      const inputs = matrixFeatures(runtime, { values: given.inputs, rows: n, cols: height * width, name: "inputs" });
      const features = matrixFeatures(runtime, { values: given.features, rows: n, cols: d, name: "features" });
      if (known) runtime.knowConvolution(features, { ...given, inputs, height, width });
      const sweep = sweepOf(d, k, order);
      const loss = runtime.bind(features, { labels, classes: k, shift: Float64Array.from(shift) }).rmspropEpoch(sweep);
      features.release();
      inputs.release();
      return numbersOf(sweep, loss);
    };

    it(`is that of the features themselves, ${height}x${width}, side ${shape.side}, ${k} classes`, () => {
      const reference = createReferenceRuntime();
      const features: Features = matrixFeatures(reference, {
        values: given.features,
        rows: n,
        cols: d,
        name: "features",
      });
      const sweep = sweepOf(d, k, order);
      const loss = reference
        .bind(features, { labels, classes: k, shift: Float64Array.from(shift) })
        .rmspropEpoch(sweep);
      const expected = numbersOf(sweep, loss);
      const got = swept(one, true);
      const greatest = (values: readonly number[]) => Math.max(...values.map(Math.abs));
      // Gradients of float32 rounding, divided by the root of their squares.
      const differences = got.map((value, at) => value - expected[at]!);
      expect(greatest(differences)).toBeLessThan(2e-5);
      expect(greatest(swept(one, false).map((value, at) => value - expected[at]!))).toBeLessThan(2e-5);
      expect(
        greatest(expected.map((value, at) => value - [0, ...sweepOf(d, k, order).weights][at]!).slice(1, 1 + k * d)),
      ).toBeGreaterThan(1e-3);
    });

    it(`has the same bits on one thread and on two, ${height}x${width}`, () => {
      expect(swept(two, true)).toEqual(swept(one, true));
    });
  }

  it("refuses what is none", () => {
    const shape = shapes[0];
    const { d, kernels, bias, ...given } = drawn(shape);
    const inputs = matrixFeatures(one, { values: given.inputs, rows: 50, cols: 30, name: "inputs" });
    const features = matrixFeatures(one, { values: given.features, rows: 50, cols: d, name: "features" });
    const claim = { inputs, height: 5, width: 6, kernels, bias };
    expect(() => one.knowConvolution(features, { ...claim, bias: bias.map((b) => b + 1) })).toThrow(
      /column 0: must be/,
    );
    expect(() => one.knowConvolution(features, { ...claim, height: 6, width: 5 })).toThrow(/must be even, got 5/);
    expect(() => one.knowConvolution(features, { ...claim, kernels: kernels.subarray(1) })).toThrow(/odd side/);
    expect(() => one.knowConvolution(features, { ...claim, inputs: features })).toThrow(/inputs must be 50x30/);
    features.release();
    inputs.release();
  });
});
