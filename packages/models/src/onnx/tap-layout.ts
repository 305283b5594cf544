/**
 * @file Which axis of a tap holds the channels. The standard operators are channels-first; a Transpose moves the axes (as
 * tf2onnx writes TensorFlow's networks) and elementwise operators keep them, so layouts spread along the graph.
 */
import type { OnnxGraph, OnnxNode } from "./graph.ts";

export type Layout = "channels-first" | "channels-last";

/** Axis labels of a tensor of rank 4, e.g. "NCHW". */
type Axes = string;

const channelsFirst = new Set(
  "Conv ConvTranspose FusedConv QLinearConv ConvInteger MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool QLinearAveragePool QLinearGlobalAveragePool BatchNormalization InstanceNormalization GroupNormalization LRN DepthToSpace SpaceToDepth MaxUnpool".split(
    " ",
  ),
);
/** Operators whose first output has the axes of an input. */
const keeping = new Set(
  (
    "Relu LeakyRelu PRelu Elu Selu Celu Clip Tanh Sigmoid HardSigmoid HardSwish Mish Softplus Gelu Erf Add Sub Mul Div Sum Max Min Pow Sqrt Exp Neg Abs Concat Pad Dropout " +
    "Identity Cast QuantizeLinear DequantizeLinear QLinearAdd QLinearMul QLinearConcat QLinearLeakyRelu QLinearSigmoid Resize Upsample Slice"
  ).split(" "),
);

/** Layout by tensor name, where the graph tells; tensors that are not images are absent. */
export function findLayouts(graph: OnnxGraph): ReadonlyMap<string, Layout> {
  const axes = new Map<string, Axes>();
  for (const node of graph.nodes) spreadForward(node, axes);
  // Backwards too: an input is known by the Transpose or the Conv that reads it.
  for (const node of graph.nodes.toReversed()) spreadBackward(node, axes);
  for (const node of graph.nodes) spreadForward(node, axes);
  const layouts = new Map<string, Layout>();
  for (const [name, labels] of axes) {
    if (labels === "NCHW") layouts.set(name, "channels-first");
    else if (labels === "NHWC") layouts.set(name, "channels-last");
  }
  return layouts;
}

function spreadForward(node: OnnxNode, axes: Map<string, Axes>): void {
  const output = node.outputs[0] ?? "";
  if (output === "" || axes.has(output)) return;
  const labels = node.inputs.map((name) => axes.get(name)).find((found) => found !== undefined);
  if (channelsFirst.has(node.opType)) axes.set(output, isChannelsLast(node) ? "NHWC" : "NCHW");
  else if (node.opType === "Transpose" && labels !== undefined) axes.set(output, permute(labels, permutation(node)));
  else if (keeping.has(node.opType) && labels !== undefined) axes.set(output, labels);
}

function spreadBackward(node: OnnxNode, axes: Map<string, Axes>): void {
  const output = axes.get(node.outputs[0] ?? "");
  const learn = (name: string | undefined, labels: Axes): void => {
    if (name !== undefined && name !== "" && !axes.has(name)) axes.set(name, labels);
  };
  if (channelsFirst.has(node.opType)) learn(node.inputs[0], isChannelsLast(node) ? "NHWC" : "NCHW");
  else if (output === undefined) return;
  else if (node.opType === "Transpose") learn(node.inputs[0], permute(output, inverse(permutation(node))));
  else if (keeping.has(node.opType))
    for (const name of ["Concat", "Sum"].includes(node.opType) ? node.inputs : node.inputs.slice(0, 1))
      learn(name, output);
}

/** Operators of onnxruntime's own domain may say so. */
function isChannelsLast(node: OnnxNode): boolean {
  return node.domain !== "" && node.attributes.get("channels_last")?.i === 1n;
}

function permutation(node: OnnxNode): number[] {
  return (node.attributes.get("perm")?.ints ?? []).map(Number);
}

function permute(labels: Axes, perm: readonly number[]): Axes {
  return perm.length === labels.length ? perm.map((axis) => labels[axis] ?? "?").join("") : "?";
}

function inverse(perm: readonly number[]): number[] {
  return perm.map((_, axis) => perm.indexOf(axis));
}
