/** @file A small ONNX classifier and rows for it, made here, so that the tests need no files but their own. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rootStream, writeNpy } from "@linear-probes/core";
import { onnxBuild } from "@linear-probes/models";
import { type Effects, systemEffects } from "../../src/effects.ts";
import type { ProbingOptions } from "../../src/foreign/run-probing.ts";

const { graph, modelBytes, node, tensor, valueInfo } = onnxBuild;

export interface SmallNames {
  readonly input?: string;
  readonly hidden?: string;
}

/** logits = relu(x W + b) V, with one weight moved when asked. */
export function smallModel(path: string, moved = 0, { input = "x", hidden = "hidden" }: SmallNames = {}): void {
  const weights = new Float32Array(6 * 8);
  rootStream("small/weights").fillNormal(weights);
  weights[5]! += moved;
  const head = new Float32Array(8 * 3);
  rootStream("small/head").fillNormal(head);
  const parts = graph({
    nodes: [
      node("MatMul", [input, "w"], ["product"]),
      node("Add", ["product", "b"], ["sum"]),
      node("Relu", ["sum"], [hidden]),
      node("MatMul", [hidden, "v"], ["logits"]),
    ],
    inputs: [valueInfo(input, ["N", 6])],
    outputs: [valueInfo("logits")],
    initializers: [
      tensor("w", [6, 8], weights),
      tensor(
        "b",
        [8],
        Float32Array.from({ length: 8 }, (_, i) => 0.1 * i),
      ),
      tensor("v", [8, 3], head),
    ],
  });
  writeFileSync(path, modelBytes(parts));
}

/** softmax(relu(x W + b) V + c) as a layers model of TensorFlow.js; returns the path of its model.json. */
export function smallTfjs(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const dense = (name: string, units: number, activation: string, more: object = {}): object => ({
    class_name: "Dense",
    config: { name, units, activation, use_bias: true, trainable: true, ...more },
  });
  const layers = [dense("hidden", 8, "relu", { batch_input_shape: [null, 6] }), dense("answer", 3, "softmax")];
  const weights = [
    { name: "hidden/kernel", shape: [6, 8], dtype: "float32" },
    { name: "hidden/bias", shape: [8], dtype: "float32" },
    { name: "answer/kernel", shape: [8, 3], dtype: "float32" },
    { name: "answer/bias", shape: [3], dtype: "float32" },
  ];
  const values = new Float32Array(48 + 8 + 24 + 3);
  rootStream("small/tfjs").fillNormal(values);
  writeFileSync(join(folder, "weights.bin"), new Uint8Array(values.buffer));
  const modelTopology = { class_name: "Sequential", config: { name: "small", layers } };
  const path = join(folder, "model.json");
  writeFileSync(path, JSON.stringify({ modelTopology, weightsManifest: [{ paths: ["weights.bin"], weights }] }));
  return path;
}

/** Three noisy classes in six columns, as x.npy and labels.npy beside it. Returns the path of the inputs. */
export function smallData(folder: string, rows = 300): string {
  const stream = rootStream("small/rows");
  const inputs = Float32Array.from({ length: rows * 6 }, () => stream.normal());
  const labels = Int32Array.from({ length: rows }, (_, row) => {
    const scores = [0, 1, 2].map((c) => inputs[row * 6 + c]! + 0.5 * Math.abs(stream.normal()));
    return scores.indexOf(Math.max(...scores));
  });
  const path = join(folder, "x.npy");
  writeFileSync(path, writeNpy([rows, 6], inputs));
  writeFileSync(join(folder, "labels.npy"), writeNpy([rows], labels));
  return path;
}

export function smallOptions(folder: string, more: Partial<ProbingOptions> = {}): ProbingOptions {
  return {
    data: join(folder, "x.npy"),
    dataOptions: { validation: 0.25 },
    taps: ["all"],
    reducer: "none",
    dtype: "float32",
    batch: 16,
    settings: { l2Strengths: [1e-2, 1e-4], relativeGap: 1e-3, passes: 200 },
    device: "cpu",
    controls: false,
    cold: false,
    seed: "1",
    threads: 1,
    storeFolder: join(folder, "store"),
    out: join(folder, "out"),
    isolated: false, // it was made here; a process for each run would take most of the time
    ...more,
  };
}

export function quietEffects(lines: string[] = []): Effects {
  return systemEffects((line) => void lines.push(line));
}
