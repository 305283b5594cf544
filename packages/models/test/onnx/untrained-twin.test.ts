import { rootStream } from "@linear-probes/core";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { graph, modelBytes, node, tensor, valueInfo } from "../../src/onnx/build.ts";
import { readModel } from "../../src/onnx/read-model.ts";
import type { OnnxModel } from "../../src/onnx/read-model.ts";
import { openModel } from "../../src/onnx/tapped-model.ts";
import { untrainedTwin } from "../../src/onnx/untrained-twin.ts";
import { outside } from "./make-fixtures.ts";

vi.setConfig({ testTimeout: 60_000 });
const folder = mkdtempSync(join(tmpdir(), "onnx-twin-"));
afterAll(() => rmSync(folder, { recursive: true }));

const weights = new Float32Array(40 * 50);
rootStream("twin/weights").fillNormal(weights);
const wide = weights.map((value) => 3 + 0.5 * value);
const bias = Float32Array.from({ length: 50 }, (_, i) => i + 1);
const half = Float16Array.from(wide.subarray(0, 2000));
const mask = Float32Array.of(0, Number.NEGATIVE_INFINITY, 0, 0);

function model(): OnnxModel {
  const bytes = modelBytes(
    graph({
      nodes: [
        node("MatMul", ["x", "w"], ["h"]),
        node("Add", ["h", "b"], ["s"]),
        node("Cast", ["half"], ["full"], { attributes: { to: 1 } }),
        node("Add", ["s", "full"], ["t"]),
        node("Mul", ["t", "one"], ["y"]),
        node("Add", ["y", "mask"], ["z"]),
      ],
      inputs: [valueInfo("x", ["N", 40])],
      outputs: [valueInfo("y")],
      initializers: [
        tensor("w", [40, 50], wide),
        tensor("b", [50], bias),
        tensor("half", [40, 50], half),
        tensor("one", [1], Float32Array.of(2)),
        tensor("mask", [2, 2], mask),
      ],
    }),
  );
  return readModel(bytes, "small.onnx");
}

function initializer(of: OnnxModel, name: string): Float64Array {
  const found = fromBinary(ModelProtoSchema, of.bytes).graph?.initializer.find((tensor) => tensor.name === name);
  const raw = new Uint8Array(found?.rawData ?? []).buffer;
  return Float64Array.from(found?.dataType === 10 ? new Float16Array(raw) : new Float32Array(raw));
}

function moments(values: ArrayLike<number>): { mean: number; std: number } {
  const list = Array.from(values);
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  return { mean, std: Math.sqrt(list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length) };
}

it("redraws weights with their own mean and spread, shuffles vectors, leaves the rest", () => {
  const original = model();
  const twin = untrainedTwin(original, rootStream("twin"));
  expect(twin.fingerprint).not.toBe(original.fingerprint);
  expect(twin.name).toBe("small.onnx, untrained twin");
  for (const name of ["w", "half"]) {
    const [before, after] = [moments(initializer(original, name)), moments(initializer(twin, name))];
    // 2,000 draws: three standard errors of a mean, and of a standard deviation.
    expect(Math.abs(after.mean - before.mean)).toBeLessThan((3 * before.std) / Math.sqrt(2000));
    expect(Math.abs(after.std - before.std)).toBeLessThan((3 * before.std) / Math.sqrt(4000));
    const same = initializer(original, name).filter((value, i) => value === initializer(twin, name)[i]);
    expect(same.length).toBeLessThan(20);
  }
  expect(initializer(twin, "b")).not.toEqual(initializer(original, "b"));
  expect(initializer(twin, "b").sort()).toEqual(initializer(original, "b"));
  for (const name of ["one", "mask"]) expect(initializer(twin, name)).toEqual(initializer(original, name));
  expect(untrainedTwin(model(), rootStream("twin")).fingerprint).toBe(twin.fingerprint);
  expect(untrainedTwin(model(), rootStream("other")).fingerprint).not.toBe(twin.fingerprint);
});

it("takes external weights in, and runs", async () => {
  const { bytes, files } = externalModel();
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
  const path = join(folder, "external.onnx");
  writeFileSync(path, bytes);
  const twin = untrainedTwin(readModel(path), rootStream("twin"));
  expect(twin.externalFiles).toEqual([]);
  const tapped = await openModel(twin, { isolated: false });
  expect(tapped.select(["all"]).map(({ name }) => name)).toEqual(["x", "h"]);
});

function externalModel() {
  const bytes = modelBytes(
    graph({
      nodes: [node("MatMul", ["x", "w"], ["h"])],
      inputs: [valueInfo("x", ["N", 40])],
      outputs: [valueInfo("h")],
      initializers: [outside(tensor("w", [40, 50], wide), "w.bin", 0)],
    }),
  );
  return { bytes, files: [["w.bin", new Uint8Array(wide.buffer)]] as const };
}

it("refuses a model without weights", () => {
  const bytes = modelBytes(
    graph({
      nodes: [node("Relu", ["x"], ["y"])],
      inputs: [valueInfo("x", ["N", 2])],
      outputs: [valueInfo("y")],
    }),
  );
  expect(() => untrainedTwin(readModel(bytes, "bare.onnx"), rootStream("twin"))).toThrow(
    /^bare\.onnx: initializers: must hold floating-point weights/,
  );
});
