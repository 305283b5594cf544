/** @file Seeded damage to a model's meaning: well-formed protobuf that says something wrong, to get past the decoder. */
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Stream } from "@linear-probes/core";
import { ModelProtoSchema } from "onnx-buf";
import type { AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto } from "onnx-buf";

const sizes = [-1n, 0n, 1n, 2n, 3n, 7n, 64n, 1_000_000n, 2n ** 31n, 2n ** 40n, 2n ** 62n];
const operators =
  "Relu Conv MatMul Add Concat Reshape Transpose Gather Softmax Split Slice Pad Resize LSTM Loop If Scan ConstantOfShape Tile Expand NonZero SequenceAt Cast".split(
    " ",
  );

/** A copy with one to three of its statements changed. */
export function mutateStructure(stream: Stream, bytes: Uint8Array): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const graph = model.graph;
  if (graph) for (let changes = 1 + stream.integer(3); changes > 0; changes--) change(stream, graph);
  return toBinary(ModelProtoSchema, model);
}

function any<T>(stream: Stream, list: readonly T[]): T | undefined {
  return list.length === 0 ? undefined : list[stream.integer(list.length)];
}

function change(stream: Stream, graph: GraphProto): void {
  const node = any(stream, graph.node);
  const constant = any(stream, graph.initializer);
  const inner = any(stream, node?.attribute.flatMap(({ g }) => (g ? [g] : [])) ?? []);
  if (inner && stream.integer(2) === 0) return change(stream, inner);
  const kind = stream.integer(9);
  if (kind === 0 && constant) changeTensor(stream, constant);
  else if (kind === 1 && node) changeAttribute(stream, any(stream, node.attribute));
  else if (kind === 2 && node) node.opType = any(stream, operators) ?? "";
  else if (kind === 3 && node) rewire(stream, graph, node);
  else if (kind === 4 && node) graph.node.splice(graph.node.indexOf(node), 1);
  else if (kind === 5 && node) graph.node.push(node);
  else if (kind === 6) changeType(stream, any(stream, [...graph.input, ...graph.output]));
  else if (kind === 7 && node) node.input.push(any(stream, names(graph)) ?? "");
  else if (node) node.output.push(`more${stream.integer(3)}`);
}

function names(graph: GraphProto): string[] {
  return [
    ...graph.node.flatMap(({ output }) => output),
    ...graph.input.map(({ name }) => name),
    ...graph.initializer.map(({ name }) => name),
  ];
}

function rewire(stream: Stream, graph: GraphProto, node: NodeProto): void {
  if (node.input.length > 0) node.input[stream.integer(node.input.length)] = any(stream, names(graph)) ?? "";
}

function changeTensor(stream: Stream, tensor: TensorProto): void {
  const choice = stream.integer(4);
  if (choice === 0) tensor.dims = tensor.dims.toReversed();
  else if (choice === 1) tensor.dims.push(any(stream, sizes) ?? 0n);
  else if (choice === 2) tensor.dataType = stream.integer(27);
  else tensor.rawData = tensor.rawData.map(() => stream.integer(256));
}

function changeAttribute(stream: Stream, attribute: AttributeProto | undefined): void {
  if (!attribute) return;
  if (stream.integer(4) === 0) attribute.type = stream.integer(15);
  else if (attribute.ints.length > 0) attribute.ints[stream.integer(attribute.ints.length)] = any(stream, sizes) ?? 0n;
  else if (attribute.t) changeTensor(stream, attribute.t);
  else attribute.i = any(stream, sizes) ?? 0n;
}

function changeType(stream: Stream, info: ValueInfoProto | undefined): void {
  if (info?.type?.value.case !== "tensorType") return;
  const dims = info.type.value.value.shape?.dim ?? [];
  const dim = any(stream, dims);
  if (!dim || stream.integer(3) === 0) info.type.value.value.elemType = stream.integer(27);
  else dim.value = { case: "dimValue", value: any(stream, sizes) ?? 0n };
}
