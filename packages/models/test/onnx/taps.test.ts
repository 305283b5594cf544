import { describe, expect, it } from "vitest";
import { float, graph, modelBytes, node, tensor, valueInfo } from "../../src/onnx/build.ts";
import { inspectModel } from "../../src/onnx/inspect-model.ts";
import { readModel } from "../../src/onnx/read-model.ts";
import { selectTaps } from "../../src/onnx/select-taps.ts";
import { findLayouts } from "../../src/onnx/tap-layout.ts";
import { listTaps } from "../../src/onnx/taps.ts";
import { makeFixtures } from "./make-fixtures.ts";

const fixtures = new Map(makeFixtures().map((fixture) => [fixture.name, fixture]));

function fixture(name: string): Uint8Array {
  const found = fixtures.get(name);
  if (!found) throw new Error(`no fixture ${name}`);
  return found.bytes;
}

describe("selection", () => {
  const { graph: inception, ...rest } = readModel(fixture("inception"));
  const taps = listTaps({ graph: inception, ...rest });
  const names = (...selectors: string[]): string[] => selectTaps(inception, taps, selectors).map(({ name }) => name);

  it("by glob, by group, by operator, by name; in depth order without repeats", () => {
    expect(names("inception_4a/relu_*")).toEqual([
      "inception_4a/relu_1x1",
      "inception_4a/relu_3x3",
      "inception_4a/relu_pool_proj",
    ]);
    expect(names("inception_4a/*")).toEqual(names("group:inception_4a"));
    expect(names("inception_4a/*")).toHaveLength(8);
    expect(names("op:concat", "op:MaxPool")).toEqual(["inception_4a/pool", "inception_4a/output"]);
    expect(names("prob", "x", "prob")).toEqual(["x", "prob"]);
    expect(names("**/{1x1,3x3}", "p*")).toEqual(["inception_4a/1x1", "inception_4a/3x3", "pool5", "prob"]);
  });

  it("a selector that names nothing is an error that says what there is", () => {
    expect(() => names("inception_9z/*")).toThrow(
      /each selector must name at least one tap, got "inception_9z\/\*"; the model has 15, such as x, /,
    );
    expect(() => names()).toThrow(/name at least one tap/);
  });
});

/** A plain stack of `depth` dense layers with rectifiers. */
function stack(depth: number): Uint8Array {
  const nodes = Array.from({ length: depth }, (_, i) => [
    node("MatMul", [i === 0 ? "x" : `relu_${i}`, "w"], [`dense_${i + 1}`]),
    node("Relu", [`dense_${i + 1}`], [`relu_${i + 1}`]),
  ]).flat();
  nodes.push(
    node("MatMul", [`relu_${depth}`, "w"], ["logits"]),
    node("Softmax", ["logits"], ["p"]),
    node("ArgMax", ["p"], ["class"], { attributes: { axis: 1 } }),
  );
  return modelBytes(
    graph({
      nodes,
      inputs: [valueInfo("x", ["N", 2])],
      outputs: [valueInfo("class")],
      initializers: [tensor("w", [2, 2], Float32Array.of(1, 2, 3, 4))],
    }),
  );
}

describe("auto", () => {
  it("thins a deep stack evenly to twenty, input and logits among them", () => {
    const model = readModel(stack(100));
    const chosen = selectTaps(model.graph, listTaps(model), ["auto"]);
    expect(chosen).toHaveLength(20);
    expect(chosen[0]?.name).toBe("x");
    expect(chosen.at(-1)?.name).toBe("logits");
    const depths = chosen.slice(1, -1).map(({ depth }) => depth);
    const gaps = depths.slice(1).map((depth, i) => depth - (depths[i] ?? 0));
    // 100 rectifiers in 18 stretches of 5.6 layers, two nodes each.
    for (const gap of gaps) expect(gap === 10 || gap === 12).toBe(true);
  });

  it("prefers the ends of blocks to what is inside their branches", () => {
    const nodes = [];
    for (let b = 0; b < 18; b++) {
      const x = b === 0 ? "x" : `sum_${b - 1}`;
      nodes.push(
        node("MatMul", [x, "w"], [`in_${b}`]),
        node("Relu", [`in_${b}`], [`relu_${b}`]),
        node("MatMul", [`relu_${b}`, "w"], [`out_${b}`]),
        node("Add", [`out_${b}`, x], [`sum_${b}`]),
      );
    }
    nodes.push(node("Gemm", ["sum_17", "w"], ["logits"], { attributes: { alpha: float(1) } }));
    const model = readModel(
      modelBytes(
        graph({
          nodes,
          inputs: [valueInfo("x", ["N", 2])],
          outputs: [valueInfo("logits")],
          initializers: [tensor("w", [2, 2], Float32Array.of(1, 2, 3, 4))],
        }),
      ),
    );
    expect(selectTaps(model.graph, listTaps(model), ["auto"]).map(({ name }) => name)).toEqual([
      "x",
      ...Array.from({ length: 18 }, (_, b) => `sum_${b}`),
      "logits",
    ]);
  });
});

it("layouts follow transposes in both directions", () => {
  const layouts = findLayouts(readModel(fixture("channels-last")).graph);
  expect(Object.fromEntries(layouts)).toEqual({
    x: "channels-last",
    nchw: "channels-first",
    conv: "channels-first",
    conv_nhwc: "channels-last",
    relu: "channels-last",
  });
});

it("inspect lists taps with operator, shape, features and storage before anything runs for long", async () => {
  const report = await inspectModel(fixture("control"), { isolated: false, rows: 1000 });
  expect(report).toMatchObject({
    format: "opset 16",
    nodes: 4,
    fixedBatch: null,
    inputs: ["x float32 [N, 4]"],
    autoStorageBytes: 3 * 4 * 1000 * 4,
  });
  expect(report.taps.find(({ name }) => name === "looped")).toEqual({
    depth: 3,
    name: "looped",
    operator: "Loop",
    group: "",
    type: "float32",
    shape: "4",
    features: 4,
    storageBytes: 16_000,
    auto: true,
    refused: "",
  });
  expect(report.taps.find(({ name }) => name === "stepped")).toMatchObject({
    operator: "Loop",
    features: 0,
    storageBytes: 0,
    auto: false,
  });
});

it("inspect shows hostile names harmlessly", async () => {
  const report = await inspectModel(fixture("hostile-names"), { isolated: false });
  expect(JSON.stringify(report)).not.toMatch(/\\u001b|\\u0007|\u202e/);
  expect(report.taps.map(({ name }) => name)).toContain("\\u{1b}[31mred\\u{1b}[0m\\u{202e}");
});
