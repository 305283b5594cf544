/**
 * @file Weights under torchvision's names. The reference values are torchvision 0.14.1's own: `inception_v3(weights=None,
 * init_weights=False, transform_input=True)` of torch 1.13.1, its state dict filled by the formula below.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError, writeSafetensors } from "@linear-probes/core";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, expect, it } from "vitest";
import {
  parameters,
  publishedInceptionV3,
  torchvisionInceptionV3,
} from "../../src/architectures/inception-v3-torchvision.ts";
import { readModel } from "../../src/onnx/read-model.ts";

const folder = mkdtempSync(join(tmpdir(), "inception-weights-"));
afterAll(() => rmSync(folder, { recursive: true }));

const size = (shape: readonly number[]): number => shape.reduce((total, dim) => total * dim, 1);

/** Value i of the n-th tensor, names in alphabetical order. */
function formula(name: string, shape: readonly number[], n: number): Float32Array {
  const [values, gain] = [new Float32Array(size(shape)), Math.sqrt(4 / size(shape.slice(1)))];
  const [offset, scale] = name.endsWith("running_var") ? [1, 0.5] : name.endsWith("bn.weight") ? [1, 0.2] : [0, 0.1];
  const statistic = offset > 0 || name.endsWith("running_mean") || name.endsWith("bias");
  for (let i = 0; i < values.length; i++) {
    const wave = Math.sin(i * 0.7 + n);
    values[i] = statistic ? offset + scale * wave : wave * gain * Math.cos(i * i * 0.013 + n);
  }
  return values;
}

const shapes = parameters(1000)
  .map(({ from, shape }) => [from, shape] as const)
  .sort(([a], [b]) => (a < b ? -1 : 1));

it("knows torchvision's names and shapes", () => {
  const lines = shapes.map(([name, shape]) => `${name}[${shape.join(",")}]`);
  expect(lines).toHaveLength(484);
  expect(createHash("sha256").update(lines.join("\n")).digest("hex")).toBe(
    "727b208c9b0599c04c9f17e6c76a51b19b73ace9ded26571e34829f3834ffe00",
  );
});

it("gives torchvision's logits, of both heads, from a safetensors file", async () => {
  const path = join(folder, "inception_v3.safetensors");
  const counters = [["Conv2d_1a_3x3.bn.num_batches_tracked", { shape: [], values: Float32Array.of(0) }]] as const;
  const tensors = shapes.map(([name, shape], n) => [name, { shape, values: formula(name, shape, n) }] as const);
  writeFileSync(path, writeSafetensors(new Map([...tensors, ...counters]), {}));
  const { bytes, sha256, ...facts } = publishedInceptionV3(path);
  expect(facts).toEqual({ classes: 1000, auxiliary: true, tensors: 484 });
  expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  const pixels = Float32Array.from({ length: 3 * 299 * 299 }, (_, i) => Math.sin(i * 0.01));
  const out = await session.run({ images: new Tensor("float32", pixels, [1, 3, 299, 299]) });
  await session.release();
  const first = (name: string): readonly number[] =>
    [...(out[name]?.data ?? [])].slice(0, 4).map((value) => Number(value));
  // Of standard deviation 0.12 over the classes.
  const expected = {
    "InceptionV3/Logits": [-0.1519579142332077, -0.14598481357097626, -0.04726019501686096, 0.02921198308467865],
    "InceptionV3/AuxLogits/Logits": [
      0.15557622909545898, -0.1651104986667633, -0.05780855566263199, -0.15119506418704987,
    ],
  };
  for (const [name, values] of Object.entries(expected))
    for (const [i, value] of first(name).entries()) expect(value, name).toBeCloseTo(values[i] ?? Number.NaN, 5);
});

it("names the tensor that is missing, mis-shaped or foreign, and runs no pickles", () => {
  const zeros = (shape: readonly number[]) => ({ shape, values: new Float32Array(size(shape)) });
  const whole = new Map(parameters(2).map(({ from, shape }) => [from, zeros(shape)]));
  const changed = (change: (tensors: typeof whole) => unknown) => {
    const tensors = new Map(whole);
    change(tensors);
    return () => torchvisionInceptionV3(tensors, "w.npz");
  };
  const name = "Mixed_6b.branch7x7_2.conv.weight";
  expect(changed((tensors) => tensors.delete(name))).toThrow(
    /^w\.npz: Mixed_6b\.branch7x7_2\.conv\.weight: must be a tensor of shape \[128, 128, 1, 7\], got "nothing of that name"; convert/,
  );
  expect(changed((tensors) => tensors.set(name, zeros([128, 128, 7, 1])))).toThrow(/got "\[128, 128, 7, 1\]"/);
  expect(changed((tensors) => tensors.set("\u001B[2Jmore", zeros([1])))).toThrow(
    /no others, got "\\\\u\{1b\}\[2Jmore"/,
  );
  expect(changed((tensors) => tensors.delete("fc.weight"))).toThrow(/fc\.weight: must be \[classes, 2048\]/);
  // A state dict without the auxiliary head is a network without it.
  const plain = changed((tensors) => [...tensors.keys()].forEach((k) => k.startsWith("Aux") && tensors.delete(k)))();
  expect(readModel(plain.bytes).graph.outputs).toEqual(["InceptionV3/Logits"]);

  const pickle = join(folder, "inception_v3.pth");
  writeFileSync(pickle, "PK\u0003\u0004archive/data.pkl");
  for (const path of [pickle, join(folder, "absent.npz")]) expect(() => publishedInceptionV3(path)).toThrow(InputError);
  expect(() => publishedInceptionV3(pickle)).toThrow(/must be safetensors or npz.*save_file/);
});
