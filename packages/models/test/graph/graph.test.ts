import { describe, expect, it } from "vitest";
import { ancestors, layerGraph } from "../../src/graph.ts";
import type { Head, Initializer, Layer } from "../../src/graph.ts";
import { parameterLayout, scatter } from "../../src/graph-parameters.ts";

const weights: Initializer = { kind: "glorot-normal" };
const bias: Initializer = { kind: "constant", value: 0 };
const input: Layer = { kind: "input", name: "x", shape: [2, 6, 6] };
const flat: Layer = { kind: "flatten", name: "flat", from: "x" };
const logits: Layer = { kind: "dense", name: "z", from: "flat", units: 3, weights, bias };
const head: Head = { logits: "z", weight: 1 };
const build = (layers: Layer[], heads: Head[] = [head], taps: string[] = []): ReturnType<typeof layerGraph> =>
  layerGraph({ name: "g", layers, heads, taps });

describe("layerGraph", () => {
  it("infers shapes, parameters and fans", () => {
    const conv: Layer = { kind: "conv2d", name: "c", from: "x", filters: 5, kernel: 3, weights, bias, l2: 0.1 };
    const graph = build([
      input,
      conv,
      { kind: "max-pool", name: "p", from: "c" },
      { kind: "max-pool", name: "px", from: "x" },
      { kind: "concat", name: "both", from: ["p", "px"] },
      { kind: "flatten", name: "flat", from: "both" },
      logits,
    ]);
    expect(graph.shapeOf("both")).toEqual([7, 3, 3]);
    expect(graph.parameters.map(({ name, shape, fanIn, fanOut, l2 }) => ({ name, shape, fanIn, fanOut, l2 }))).toEqual([
      { name: "c/weights", shape: [5, 2, 3, 3], fanIn: 18, fanOut: 45, l2: 0.1 },
      { name: "c/bias", shape: [5], fanIn: 18, fanOut: 45, l2: 0.1 },
      { name: "z/weights", shape: [63, 3], fanIn: 63, fanOut: 3, l2: 0 },
      { name: "z/bias", shape: [3], fanIn: 63, fanOut: 3, l2: 0 },
    ]);
    expect(ancestors(graph, ["p"]).map((layer) => layer.name)).toEqual(["x", "c", "p"]);
  });

  it("infers shapes and fans of oblong and strided convolutions and of means", () => {
    const conv: Layer = { kind: "conv2d", name: "c", from: "x", filters: 5, kernel: [1, 3], stride: 2, weights, bias };
    const graph = build([
      input,
      conv,
      { kind: "avg-pool", name: "m", from: "c" },
      { kind: "global-avg-pool", name: "g", from: "m" },
      { ...logits, from: "g" },
    ]);
    expect(["c", "m", "g"].map((name) => graph.shapeOf(name))).toEqual([[5, 3, 3], [5, 3, 3], [5]]);
    expect(graph.parameters[0]).toMatchObject({ shape: [5, 2, 1, 3], fanIn: 6, fanOut: 15 });
  });

  it.each<[string, () => unknown, string]>([
    ["a layer read before it is made", () => build([input, logits]), 'must be named before it is used, got "flat"'],
    ["two layers of one name", () => build([input, flat, flat]), 'layer names must differ, got "flat"'],
    ["no input first", () => build([]), "the first layer must be the input, got undefined"],
    ["no head", () => build([input, flat, logits], []), "must have a head"],
    [
      "a head of another size",
      () => build([input, flat, logits], [{ logits: "flat", weight: 1 }, head]),
      "must be [3]",
    ],
    [
      "a weightless head",
      () => build([input, flat, logits], [{ ...head, weight: Number.NaN }]),
      "weight must be positive",
    ],
    ["a dense layer on an image", () => build([input, { ...logits, from: "x" }]), "dense needs a vector, got"],
    [
      "an even kernel",
      () => build([input, { kind: "conv2d", name: "c", from: "x", filters: 1, kernel: 2, weights, bias }]),
      "kernel must be odd, got 2",
    ],
    [
      "half of odd sides",
      () =>
        build([
          { ...input, shape: [1, 3, 4] },
          { kind: "conv2d", name: "c", from: "x", filters: 1, kernel: 1, stride: 2, weights, bias },
        ]),
      "stride 2 needs an image of even sides",
    ],
    [
      "an oblong kernel with an even side",
      () => build([input, { kind: "conv2d", name: "c", from: "x", filters: 1, kernel: [1, 4], weights, bias }]),
      "kernel must be odd, got 4",
    ],
    [
      "the mean of a vector's neighbours",
      () => build([input, flat, { kind: "avg-pool", name: "p", from: "flat" }]),
      "needs an image",
    ],
    [
      "a slope of zero",
      () => build([input, { kind: "leaky-relu", name: "l", from: "x", slope: 0 }]),
      "slope must be positive and at most 1, got 0",
    ],
    [
      "a slope above one",
      () => build([input, { kind: "leaky-relu", name: "l", from: "x", slope: 1.5 }]),
      "slope must be positive and at most 1, got 1.5",
    ],
    [
      "odd sides to pool",
      () =>
        build([
          { ...input, shape: [1, 3, 4] },
          { kind: "max-pool", name: "p", from: "x" },
        ]),
      "even sides",
    ],
    [
      "shapes that do not concatenate",
      () => build([input, flat, { kind: "concat", name: "b", from: ["x", "flat"] }]),
      "agree beyond the first axis",
    ],
    ["a tap that is no layer", () => build([input, flat, logits], [head], ["y"]), 'must be one of the graph, got "y"'],
  ])("refuses %s", (_, make, message) => expect(make).toThrow(message));
});

describe("parameterLayout", () => {
  it("refuses values of another length", () => {
    const layout = parameterLayout(build([input, flat, logits]));
    expect(() =>
      scatter(layout, new Map([["z/weights", new Float32Array(3)]]), new Float32Array(layout.length)),
    ).toThrow("parameter z/weights: must have 216 values, got 3");
  });
});
