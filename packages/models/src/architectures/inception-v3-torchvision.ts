/**
 * @file Inception v3 with weights from torchvision's state dict (also timm's `inception_v3.*`, which uses its names):
 * tensors by name, out of safetensors or npz, checked for name and shape, and brought under the names of inception-v3.ts.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { InputError, type NpyArray, readNpz, readSafetensors, reject, sha256 } from "@linear-probes/core";
import { printable } from "../onnx/printable.ts";
import { inceptionV3 } from "./inception-v3.ts";

export type NamedTensor = NpyArray;

export interface PublishedInception {
  readonly bytes: Uint8Array<ArrayBuffer>; // the ONNX model
  readonly classes: number;
  readonly auxiliary: boolean; // whether the file has the auxiliary head
  readonly sha256: string; // of the weights' file
  readonly tensors: number; // that were used
}

const CONVERT =
  "convert the state dict once: safetensors.torch.save_file(inception_v3(weights=…).state_dict(), file), see docs/import.md";

/** The network with the weights of a .safetensors or .npz file. */
export function publishedInceptionV3(path: string): PublishedInception {
  const subject = printable(basename(path));
  const content = readWhole(path, subject);
  const tensors = tensorsOf(content, subject);
  return { ...torchvisionInceptionV3(tensors, subject), sha256: sha256(content) };
}

/** The network with the tensors of a state dict; `subject` names them in errors. */
export function torchvisionInceptionV3(
  tensors: ReadonlyMap<string, NamedTensor>,
  subject: string,
): Omit<PublishedInception, "sha256"> {
  const auxiliary = [...tensors.keys()].some((name) => name.startsWith("AuxLogits."));
  const classes = tensors.get("fc.weight")?.shape[0] ?? 0;
  if (!(classes >= 2))
    reject(`${subject}: fc.weight`, "must be [classes, 2048]", shapeOf(tensors.get("fc.weight")), CONVERT);
  const wanted = parameters(classes, auxiliary);
  const names = new Set(wanted.map(({ from }) => from));
  const other = [...tensors.keys()].find((name) => !names.has(name) && !name.endsWith(".num_batches_tracked"));
  if (other !== undefined)
    reject(`${subject}: tensors`, "must be those of Inception v3 and no others", printable(other));
  const checked = wanted.map(({ from, shape, ...place }) => {
    const tensor = tensors.get(from);
    if (tensor?.shape.join() !== shape.join())
      return reject(`${subject}: ${from}`, `must be a tensor of shape [${shape.join(", ")}]`, shapeOf(tensor), CONVERT);
    return { ...place, shape, values: floats(tensor, `${subject}: ${from}`) };
  });
  const weights = new Map(
    checked.map(({ to, shape, transposed, values }) => [to, transposed ? transpose(values, shape) : values]),
  );
  return {
    bytes: inceptionV3({ weights, classes, auxiliary, flavour: "torchvision" }),
    classes,
    auxiliary,
    tensors: weights.size,
  };
}

/** One parameter of torchvision's network and its place in ours. */
export interface TorchvisionParameter {
  readonly from: string; // torchvision's name
  readonly to: string; // ours
  readonly shape: readonly number[]; // torchvision's
  readonly transposed: boolean; // dense layers, [units, inputs] there and [inputs, units] here
}

/** Every parameter, in torchvision's order. */
export function parameters(classes: number, auxiliary = true): readonly TorchvisionParameter[] {
  return [
    ...convolutions
      .filter(([module]) => auxiliary || !module.startsWith("AuxLogits"))
      .flatMap(([module, scope, shape]) => convolution(module, scope, shape)),
    ...(auxiliary ? dense("AuxLogits.fc", "AuxLogits/Logits", [classes, 768]) : []),
    ...dense("fc", "Logits", [classes, 2048]),
  ];
}

function convolution(module: string, scope: string, shape: readonly number[]): TorchvisionParameter[] {
  const path = `InceptionV3/${scope}`;
  const channels = shape.slice(0, 1);
  const one = (from: string, to: string, dims: readonly number[]): TorchvisionParameter => ({
    from: `${module}.${from}`,
    to: `${path}/${to}`,
    shape: dims,
    transposed: false,
  });
  return [
    one("conv.weight", "weights", shape),
    one("bn.weight", "BatchNorm/gamma", channels),
    one("bn.bias", "BatchNorm/beta", channels),
    one("bn.running_mean", "BatchNorm/moving_mean", channels),
    one("bn.running_var", "BatchNorm/moving_variance", channels),
  ];
}

function dense(module: string, scope: string, shape: readonly [number, number]): TorchvisionParameter[] {
  const path = `InceptionV3/${scope}`;
  return [
    { from: `${module}.weight`, to: `${path}/weights`, shape, transposed: true },
    { from: `${module}.bias`, to: `${path}/biases`, shape: shape.slice(0, 1), transposed: false },
  ];
}

type Convolution = readonly [module: string, scope: string, shape: readonly [number, number, number, number]];

/** A row of convolutions in one branch: [module, last part of the scope, channels out, kernel]. */
type Branch = readonly (readonly [module: string, scope: string, out: number, kernel: readonly [number, number]])[];

function branch(block: string, scope: string, inputs: number, layers: Branch): Convolution[] {
  let channels = inputs;
  return layers.map(([module, own, out, kernel]) => {
    const shape = [out, channels, ...kernel] as const;
    channels = out;
    return [`${block}.${module}`, `${block}/${scope}/${own}`, shape];
  });
}

function block35(block: string, inputs: number, pooled: number): Convolution[] {
  return [
    ...branch(block, "Branch_0", inputs, [["branch1x1", "Conv2d_0a_1x1", 64, [1, 1]]]),
    ...branch(block, "Branch_1", inputs, [
      ["branch5x5_1", "Conv2d_0a_1x1", 48, [1, 1]],
      ["branch5x5_2", "Conv2d_0b_5x5", 64, [5, 5]],
    ]),
    ...branch(block, "Branch_2", inputs, [
      ["branch3x3dbl_1", "Conv2d_0a_1x1", 64, [1, 1]],
      ["branch3x3dbl_2", "Conv2d_0b_3x3", 96, [3, 3]],
      ["branch3x3dbl_3", "Conv2d_0c_3x3", 96, [3, 3]],
    ]),
    ...branch(block, "Branch_3", inputs, [["branch_pool", "Conv2d_0a_1x1", pooled, [1, 1]]]),
  ];
}

function block17(block: string, narrow: number): Convolution[] {
  return [
    ...branch(block, "Branch_0", 768, [["branch1x1", "Conv2d_0a_1x1", 192, [1, 1]]]),
    ...branch(block, "Branch_1", 768, [
      ["branch7x7_1", "Conv2d_0a_1x1", narrow, [1, 1]],
      ["branch7x7_2", "Conv2d_0b_1x7", narrow, [1, 7]],
      ["branch7x7_3", "Conv2d_0c_7x1", 192, [7, 1]],
    ]),
    ...branch(block, "Branch_2", 768, [
      ["branch7x7dbl_1", "Conv2d_0a_1x1", narrow, [1, 1]],
      ["branch7x7dbl_2", "Conv2d_0b_7x1", narrow, [7, 1]],
      ["branch7x7dbl_3", "Conv2d_0c_1x7", narrow, [1, 7]],
      ["branch7x7dbl_4", "Conv2d_0d_7x1", narrow, [7, 1]],
      ["branch7x7dbl_5", "Conv2d_0e_1x7", 192, [1, 7]],
    ]),
    ...branch(block, "Branch_3", 768, [["branch_pool", "Conv2d_0a_1x1", 192, [1, 1]]]),
  ];
}

function block8(block: string, inputs: number): Convolution[] {
  const fan = (scope: string, module: string): Convolution[] => [
    ...branch(block, scope, 384, [[`${module}a`, "Conv2d_0b_1x3", 384, [1, 3]]]),
    ...branch(block, scope, 384, [[`${module}b`, "Conv2d_0c_3x1", 384, [3, 1]]]),
  ];
  return [
    ...branch(block, "Branch_0", inputs, [["branch1x1", "Conv2d_0a_1x1", 320, [1, 1]]]),
    ...branch(block, "Branch_1", inputs, [["branch3x3_1", "Conv2d_0a_1x1", 384, [1, 1]]]),
    ...fan("Branch_1", "branch3x3_2"),
    ...branch(block, "Branch_2", inputs, [
      ["branch3x3dbl_1", "Conv2d_0a_1x1", 448, [1, 1]],
      ["branch3x3dbl_2", "Conv2d_0b_3x3", 384, [3, 3]],
    ]),
    ...fan("Branch_2", "branch3x3dbl_3"),
    ...branch(block, "Branch_3", inputs, [["branch_pool", "Conv2d_0a_1x1", 192, [1, 1]]]),
  ];
}

const convolutions: readonly Convolution[] = [
  ["Conv2d_1a_3x3", "Conv2d_1a_3x3", [32, 3, 3, 3]],
  ["Conv2d_2a_3x3", "Conv2d_2a_3x3", [32, 32, 3, 3]],
  ["Conv2d_2b_3x3", "Conv2d_2b_3x3", [64, 32, 3, 3]],
  ["Conv2d_3b_1x1", "Conv2d_3b_1x1", [80, 64, 1, 1]],
  ["Conv2d_4a_3x3", "Conv2d_4a_3x3", [192, 80, 3, 3]],
  ...block35("Mixed_5b", 192, 32),
  ...block35("Mixed_5c", 256, 64),
  ...block35("Mixed_5d", 288, 64),
  ...branch("Mixed_6a", "Branch_0", 288, [["branch3x3", "Conv2d_1a_1x1", 384, [3, 3]]]),
  ...branch("Mixed_6a", "Branch_1", 288, [
    ["branch3x3dbl_1", "Conv2d_0a_1x1", 64, [1, 1]],
    ["branch3x3dbl_2", "Conv2d_0b_3x3", 96, [3, 3]],
    ["branch3x3dbl_3", "Conv2d_1a_1x1", 96, [3, 3]],
  ]),
  ...block17("Mixed_6b", 128),
  ...block17("Mixed_6c", 160),
  ...block17("Mixed_6d", 160),
  ...block17("Mixed_6e", 192),
  ["AuxLogits.conv0", "AuxLogits/Conv2d_1b_1x1", [128, 768, 1, 1]],
  ["AuxLogits.conv1", "AuxLogits/Conv2d_2a_5x5", [768, 128, 5, 5]],
  ...branch("Mixed_7a", "Branch_0", 768, [
    ["branch3x3_1", "Conv2d_0a_1x1", 192, [1, 1]],
    ["branch3x3_2", "Conv2d_1a_3x3", 320, [3, 3]],
  ]),
  ...branch("Mixed_7a", "Branch_1", 768, [
    ["branch7x7x3_1", "Conv2d_0a_1x1", 192, [1, 1]],
    ["branch7x7x3_2", "Conv2d_0b_1x7", 192, [1, 7]],
    ["branch7x7x3_3", "Conv2d_0c_7x1", 192, [7, 1]],
    ["branch7x7x3_4", "Conv2d_1a_3x3", 192, [3, 3]],
  ]),
  ...block8("Mixed_7b", 1280),
  ...block8("Mixed_7c", 2048),
];

function transpose(values: Float32Array, [rows = 0, cols = 0]: readonly number[]): Float32Array {
  const out = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out[j * rows + i] = values[i * cols + j]!;
  return out;
}

function floats({ values }: NamedTensor, subject: string): Float32Array {
  if (values instanceof Float32Array) return values;
  return values instanceof Float64Array
    ? new Float32Array(values)
    : reject(subject, "must hold floats", values.constructor.name);
}

function shapeOf(tensor: NamedTensor | undefined): string {
  return tensor === undefined ? "nothing of that name" : `[${tensor.shape.join(", ")}]`;
}

function readWhole(path: string, subject: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    return reject(subject, "must be readable", cause instanceof Error ? printable(cause.message, 300) : "an error");
  }
}

function tensorsOf(content: Uint8Array, subject: string): ReadonlyMap<string, NamedTensor> {
  const zip = content[0] === 0x50 && content[1] === 0x4b; // "PK"
  if (!zip) return readSafetensors(content, subject).tensors;
  try {
    return readNpz(content, subject);
  } catch (error) {
    // torch.save writes a zip too, of pickles: code, which is not run here.
    if (error instanceof InputError) reject(subject, "must be safetensors or npz", error.message, CONVERT);
    throw error;
  }
}
