/** Convolutions by way of spectra against the same convolutions summed directly. */
import { rootStream } from "@linear-probes/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mnistConvnet } from "../../src/architectures/mnist-convnet.ts";
import { createOnnxEngine } from "../../src/engines/onnx.ts";
import { createTrainingSession, tensorOver } from "../../src/engines/onnx/session.ts";
import { spectraPay, spectralBasis, transposed } from "../../src/engines/onnx/spectral-basis.ts";
import type { Matrix } from "../../src/engines/onnx/spectral-basis.ts";
import { trainingModel } from "../../src/engines/onnx/training-model.ts";
import { createTfjsEngine } from "../../src/engines/tfjs.ts";
import type { LayerGraph } from "../../src/graph.ts";
import { graphs, momentum, randomCase, using } from "./graphs.ts";

const odd = fc.integer({ min: 0, max: 2 }).map((half) => 2 * half + 1);
const convolutional = graphs.filter(({ layers }) => layers.some(({ kind }) => kind === "conv2d"));
const extent = fc.integer({ min: 2, max: 11 });

describe("spectral basis", () => {
  it("is the padded correlation of an image with a kernel, and its transpose the gradient by the image", () => {
    fc.assert(
      fc.property(extent, extent, odd, odd, fc.nat(), (height, width, tall, wide, seed) => {
        const basis = spectralBasis([height, width], [tall, wide]);
        const stream = rootStream("spectra").split(seed);
        const draw = (length: number): number[] => Array.from({ length }, () => stream.normal());
        const [image, kernel, slope] = [draw(height * width), draw(tall * wide), draw(height * width)];
        const spectrum = apply(basis.kernel, kernel);
        const forward = lines(basis.imageWidth, apply(basis.imageHeight, image, width), basis.lines);
        const met = forward.map((value, i) => value * spectrum[i]!);
        const y = apply(basis.backHeight, lines(basis.backWidth, met, basis.lines), width);
        const back = lines(transposed(basis.backWidth), apply(transposed(basis.backHeight), slope, width), basis.lines);
        const times = back.map((value, i) => value * spectrum[i]!);
        const dX = apply(transposed(basis.imageHeight), lines(transposed(basis.imageWidth), times, basis.lines), width);
        for (let i = 0; i < height; i++)
          for (let j = 0; j < width; j++) {
            let [value, gradient] = [0, 0];
            for (let a = 0; a < tall; a++)
              for (let b = 0; b < wide; b++) {
                const [down, across] = [a - (tall - 1) / 2, b - (wide - 1) / 2];
                const at = (values: number[], row: number, col: number): number =>
                  row >= 0 && row < height && col >= 0 && col < width ? values[row * width + col]! : 0;
                value += kernel[a * wide + b]! * at(image, i + down, j + across);
                gradient += kernel[a * wide + b]! * at(slope, i - down, j - across);
              }
            // The matrices are rounded to float32: 6e-8 of each of some hundreds of terms of size one.
            expect(Math.abs(y[i * width + j]! - value)).toBeLessThan(1e-5);
            expect(Math.abs(dX[i * width + j]! - gradient)).toBeLessThan(1e-5);
          }
      }),
      { numRuns: 60 },
    );
  });

  it("takes the second convolution of the MNIST convnet, the costly one, and no small one", () => {
    const graph = mnistConvnet.build();
    const taken = graph.layers.filter(
      (layer) => layer.kind === "conv2d" && spectraPay(layer, graph.shapeOf(layer.from), 32),
    );
    expect(taken.map((layer) => layer.name)).toEqual(["conv2_preact"]);
  });
});

describe("training by way of spectra", () => {
  it.each(convolutional)("has the loss and gradients of direct convolutions on $name", async (graph) => {
    const direct = await outputs(graph, () => false);
    const spectral = await outputs(graph, (layer) => (layer.stride ?? 1) === 1);
    for (const [name, values] of direct) {
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      // As in the comparison with finite differences: float32 sums of some hundred terms.
      values.forEach((value, i) =>
        expect(Math.abs(value - spectral.get(name)![i]!), `${name}[${i}]`).toBeLessThan(3e-6 * Math.max(largest, 0.01)),
      );
    }
  });

  it("has the gradients of tfjs on the MNIST convnet", async () => {
    const graph = mnistConvnet.build();
    const rows = 64;
    const { parameters, batch } = randomCase(graph, rows);
    const [ours, theirs] = await Promise.all(
      [createOnnxEngine, createTfjsEngine].map(async (create) =>
        using(await create(graph, { batch: rows, optimizer: momentum }), async (engine) => {
          engine.write({ step: 0, parameters, accumulators: [] });
          return (await engine.gradients(batch)).gradients;
        }),
      ),
    );
    expect(theirs?.size).toBe(graph.parameters.length);
    for (const [name, values] of theirs ?? []) {
      let [apart, norm] = [0, 0];
      values.forEach((value, i) => {
        apart += (value - (ours?.get(name)?.[i] ?? Number.NaN)) ** 2;
        norm += value ** 2;
      });
      expect(Math.sqrt(apart / norm), name).toBeLessThan(1e-5);
    }
  });
});

/** A matrix [r, c] by values [c, cols], in float64. */
function apply({ rows, cols: inner, values }: Matrix, by: readonly number[], cols = 1): number[] {
  return Array.from({ length: rows * cols }, (_, place) => {
    const [row, col] = [Math.floor(place / cols), place % cols];
    let sum = 0;
    for (let i = 0; i < inner; i++) sum += values[row * inner + i]! * by[i * cols + col]!;
    return sum;
  });
}

/** The same matrix by the part of each line. */
function lines(by: Matrix, values: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, line) =>
    apply(by, values.slice(line * by.cols, (line + 1) * by.cols)),
  ).flat();
}

/** Loss and gradients of the training model of one batch. */
async function outputs(
  graph: LayerGraph,
  spectral: Parameters<typeof trainingModel>[3],
): Promise<ReadonlyMap<string, Float32Array>> {
  const rows = 6;
  const { parameters, batch } = randomCase(graph, rows);
  const session = await createTrainingSession(trainingModel(graph, rows, rows, spectral));
  const targets = new Float32Array(rows * graph.classes);
  batch.labels.forEach((label, row) => (targets[row * graph.classes + label] = 1));
  const feeds = {
    [graph.input]: tensorOver(batch.inputs, [rows, ...graph.inputShape]),
    targets: tensorOver(targets, [rows, graph.classes]),
    ...Object.fromEntries(
      [...batch.masks].map(([layer, mask]) => [`mask/${layer}`, tensorOver(mask, [rows, ...graph.shapeOf(layer)])]),
    ),
    ...Object.fromEntries(graph.parameters.map(({ name, shape }) => [name, tensorOver(parameters.get(name)!, shape)])),
  };
  try {
    const values = await session.run(feeds);
    return new Map(
      Object.entries(values).map(([name, { data }]) => {
        if (!(data instanceof Float32Array)) throw new Error(`${name}: not float32`);
        return [name, data] as const;
      }),
    );
  } finally {
    await session.release();
  }
}
