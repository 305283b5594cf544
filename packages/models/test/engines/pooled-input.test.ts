/** The gradient of a pooled convolution of the input: where it is found, and against the same sums in float64. */
import {
  createSharedVectors,
  openTrainingKernels,
  type PooledConvolution,
  pooledConvolutionScratch,
  rootStream,
} from "@linear-probes/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mnistConvnet } from "../../src/architectures/mnist-convnet.ts";
import { pooledInput } from "../../src/engines/onnx/pooled-input.ts";
import { layerGraph } from "../../src/graph.ts";
import { graphs, pooledGraph } from "./graphs.ts";

const zero = { kind: "constant", value: 0 } as const;

describe("a pooled convolution of the input", () => {
  it("is found where a network begins with one, rectified before or after", () => {
    expect(pooledInput(mnistConvnet.build())).toEqual({
      convolution: "conv1_preact",
      pooled: "conv1_postpool",
      filters: 32,
      height: 28,
      width: 28,
    });
    const found = graphs.flatMap((graph) => (pooledInput(graph) ? [graph.name] : []));
    expect(found).toEqual(["pooled-input"]);
  });

  it("is not found where another layer or a head reads what lies between", () => {
    const { layers, heads, taps } = pooledGraph();
    const again = layerGraph({
      name: "read-twice",
      layers: [
        ...layers,
        { kind: "flatten", name: "flat2", from: "conv" },
        { kind: "dense", name: "aux", from: "flat2", units: 3, weights: zero, bias: zero },
      ],
      heads: [{ logits: "aux", weight: 1 }, ...heads],
      taps,
    });
    expect(pooledInput(again)).toBeUndefined();
  });
});

const half = fc.integer({ min: 1, max: 7 });

/** Of `rows` images, in a memory of its own. */
function convolutionOf(height: number, width: number, rows: number, filters: number) {
  const [cells, pools] = [rows * height * width, (rows * height * width) / 4];
  const { memory, vectors } = createSharedVectors([
    cells,
    filters * cells,
    filters * pools,
    filters * pools,
    filters * 25,
    filters,
    pooledConvolutionScratch({ height, width }),
  ]);
  const vector = (at: number): Float32Array => vectors[at] ?? new Float32Array(0);
  const convolution: PooledConvolution = {
    height,
    width,
    images: vector(0),
    values: vector(1),
    pooled: vector(2),
    gradient: vector(3),
    weights: vector(4),
    bias: vector(5),
    scratch: vector(6),
  };
  return { memory, convolution };
}

describe("its gradient", () => {
  it("is the sum over rows and cells of slope times patch, the first of equal values taking the slope", () =>
    fc.assert(
      fc.asyncProperty(
        half,
        half,
        fc.integer({ min: 1, max: 3 }),
        fc.nat(),
        fc.boolean(),
        async (h, w, filters, seed, ties) => {
          const rows = 3;
          const { memory, convolution } = convolutionOf(2 * h, 2 * w, rows, filters);
          const { images, values, gradient, weights, bias, scratch } = convolution;
          const stream = rootStream("pooled").split(seed);
          for (const [name, vector] of Object.entries({ images, values, gradient }))
            stream.split(name).fillNormal(vector);
          // Few different values: then cells tie.
          if (ties) values.forEach((value, i) => (values[i] = Math.round(value)));
          for (const vector of [scratch, weights, bias]) vector.fill(7); // of an earlier step
          const expected = reference(convolution, rows, filters);
          (await openTrainingKernels(memory)).pooledConvolutionGradient(convolution);
          // Sums of some hundred float32 terms of about 1.
          weights.forEach((value, i) => expect(Math.abs(value - expected.weights[i]!)).toBeLessThan(1e-4));
          bias.forEach((value, i) => expect(Math.abs(value - expected.bias[i]!)).toBeLessThan(1e-4));
        },
      ),
      { numRuns: 60 },
    ));

  it("names the vector of another length and sides that are odd", async () => {
    const { memory, convolution } = convolutionOf(2, 2, 1, 1);
    const kernels = await openTrainingKernels(memory);
    expect(() => kernels.pooledConvolutionGradient({ ...convolution, values: convolution.images.subarray(1) })).toThrow(
      "pooled convolution, values: must have 4 values, got 3",
    );
    expect(() => kernels.pooledConvolutionGradient({ ...convolution, height: 1, width: 4 })).toThrow(
      'pooled convolution: sides must be even, got "1, 4"',
    );
  });
});

/** Pools and rectifies `values` into `pooled`; the gradients in float64, cell by cell. */
function reference(
  { height, width, images, values, pooled, gradient }: PooledConvolution,
  rows: number,
  filters: number,
) {
  const weights = new Float64Array(filters * 25);
  const bias = new Float64Array(filters);
  const [tall, wide] = [height / 2, width / 2];
  for (let row = 0; row < rows; row++)
    for (let filter = 0; filter < filters; filter++)
      for (let cell = 0; cell < tall * wide; cell++) {
        const [i, j] = [2 * Math.floor(cell / wide), 2 * (cell % wide)];
        const places = [0, 1, 2, 3].map((k) => [i + (k >> 1), j + (k & 1)] as const);
        const of = places.map(([y, x]) => values[((row * filters + filter) * height + y) * width + x]!);
        const greatest = Math.max(...of);
        const at = (row * filters + filter) * tall * wide + cell;
        pooled[at] = Math.max(0, greatest);
        if (!(greatest > 0)) continue;
        const [top, left] = places[of.indexOf(greatest)]!;
        bias[filter]! += gradient[at]!;
        for (let a = 0; a < 5; a++)
          for (let b = 0; b < 5; b++) {
            const [y, x] = [top + a - 2, left + b - 2];
            const inside = y >= 0 && y < height && x >= 0 && x < width;
            if (inside) weights[filter * 25 + a * 5 + b]! += gradient[at]! * images[(row * height + y) * width + x]!;
          }
      }
  return { weights, bias };
}
