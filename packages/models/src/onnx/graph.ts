/** @file A validated view of an ONNX graph: nodes in depth order, who makes and who reads each tensor. */
import { reject } from "@linear-probes/core";
import type { AttributeProto, GraphProto, NodeProto, TypeProto, ValueInfoProto } from "onnx-buf";
import { checkTensor, countElements, maxInputElements } from "./check-tensor.ts";
import { elementType } from "./element-types.ts";
import type { ExternalTensor } from "./external-data.ts";
import { TensorProto_DataLocation as Location } from "onnx-buf";
import { describeNode, printable } from "./printable.ts";
import { sortNodes } from "./sort-nodes.ts";

/** A dimension: known, named by a symbol, or unknown. */
export type Dimension = number | string | null;

/** What the file declares of a value. `dims` is absent when the file says nothing about the shape. */
export interface ValueType {
  readonly kind: "tensor" | "sequence" | "map" | "optional" | "sparse";
  readonly type?: string; // element type, e.g. "float32"
  readonly dims?: readonly Dimension[];
}

export interface OnnxNode {
  readonly depth: number; // place in topological order, from 1
  readonly name: string;
  readonly opType: string;
  readonly domain: string; // "" is the standard
  readonly inputs: readonly string[]; // "" marks an omitted one
  /** Tensors of this graph that the node's subgraphs read by name. */
  readonly captured: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeProto>;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[]; // in depth order
  readonly inputs: readonly { readonly name: string; readonly value: ValueType }[]; // without initializers
  readonly outputs: readonly string[];
  readonly initializers: ReadonlyMap<string, readonly number[]>; // name → dims
  readonly producer: ReadonlyMap<string, OnnxNode>;
  readonly consumers: ReadonlyMap<string, readonly OnnxNode[]>;
  readonly declared: ReadonlyMap<string, ValueType>;
  /** Tensors that live inside If, Loop or Scan bodies, with the node that holds the body. */
  readonly hidden: ReadonlyMap<string, OnnxNode>;
  readonly external: readonly ExternalTensor[];
}

/** Checks the graph and builds the view. `model` names the file in messages. */
export function buildGraph(model: string, proto: GraphProto): OnnxGraph {
  const external: ExternalTensor[] = [];
  const top = checkScope(model, proto, () => false, external);
  const nodes = sortNodes(model, proto.node, top.captured, top.given).map(({ node, captured }, i): OnnxNode => ({
    depth: i + 1,
    name: node.name,
    opType: node.opType,
    domain: node.domain === "ai.onnx" ? "" : node.domain,
    inputs: node.input,
    captured,
    outputs: node.output,
    attributes: new Map(node.attribute.map((attribute) => [attribute.name, attribute])),
  }));
  const producer = new Map<string, OnnxNode>();
  const consumers = new Map<string, OnnxNode[]>();
  const hidden = new Map<string, OnnxNode>();
  for (const node of nodes) {
    for (const output of node.outputs) if (output !== "") producer.set(output, node);
    for (const input of new Set([...node.inputs, ...node.captured])) {
      const readers = consumers.get(input);
      if (readers) readers.push(node);
      else consumers.set(input, [node]);
    }
    for (const attribute of node.attributes.values())
      for (const body of bodies(attribute)) for (const name of namesInside(body)) hidden.set(name, node);
  }
  const initializers = new Map(proto.initializer.map((t) => [t.name, t.dims.map(Number)]));
  for (const sparse of proto.sparseInitializer)
    if (sparse.values) initializers.set(sparse.values.name, sparse.dims.map(Number));
  const inputs = proto.input
    .filter(({ name }) => !initializers.has(name))
    .map((info) => ({ name: info.name, value: inputType(model, info) }));
  if (inputs.length === 0) reject(`${model}: graph.input`, "needs at least one input that is not an initializer", 0);
  const declared = new Map<string, ValueType>();
  for (const info of [...proto.valueInfo, ...proto.output, ...proto.input])
    declared.set(info.name, valueType(info.type));
  return {
    nodes,
    inputs,
    outputs: proto.output.map(({ name }) => name),
    initializers,
    producer,
    consumers,
    declared,
    hidden,
    external,
  };
}

interface Scope {
  /** Names known before the first node: inputs and constants. */
  readonly given: ReadonlySet<string>;
  /** For each node, the names its bodies read from this graph or further out. */
  readonly captured: ReadonlyMap<NodeProto, readonly string[]>;
  /** Names read from enclosing graphs. */
  readonly free: ReadonlySet<string>;
}

/** Checks names and constants of one graph and, inside it, of the bodies of its nodes. */
function checkScope(
  model: string,
  proto: GraphProto,
  outer: (name: string) => boolean,
  external: ExternalTensor[],
): Scope {
  const given = new Set<string>();
  for (const tensor of proto.initializer) {
    addName(model, "graph.initializer", given, tensor.name);
    const byteLength = checkTensor(`${model}: initializer`, tensor);
    if (tensor.dataLocation === Location.EXTERNAL) external.push({ tensor, byteLength });
  }
  for (const { values, dims } of proto.sparseInitializer) {
    addName(model, "graph.sparse_initializer", given, values?.name ?? "");
    countElements(`${model}: sparse initializer`, dims);
  }
  for (const { name } of proto.input) if (!given.has(name)) addName(model, "graph.input", given, name);
  const names = new Set(given);
  for (const node of proto.node) {
    for (const output of node.output)
      if (output !== "") addName(model, `node ${describeNode(node)}, output`, names, output);
  }
  const visible = (name: string): boolean => names.has(name) || outer(name);
  const captured = new Map<NodeProto, readonly string[]>();
  const free = new Set<string>();
  const read = (where: string, name: string): void => {
    if (name === "") return;
    if (!visible(name))
      reject(
        `${model}: ${where}`,
        "must name a tensor that exists",
        printable(name),
        "the file is incomplete or edited by hand",
      );
    if (!names.has(name)) free.add(name);
  };
  for (const node of proto.node) {
    const fromBodies = new Set<string>();
    for (const input of node.input) read(`node ${describeNode(node)}, input`, input);
    for (const attribute of node.attribute) {
      for (const tensor of attribute.t ? [attribute.t, ...attribute.tensors] : attribute.tensors) {
        const byteLength = checkTensor(
          `${model}: node ${describeNode(node)}, attribute "${printable(attribute.name)}"`,
          tensor,
        );
        if (tensor.dataLocation === Location.EXTERNAL) external.push({ tensor, byteLength });
      }
      for (const body of bodies(attribute))
        for (const name of checkScope(model, body, visible, external).free) fromBodies.add(name);
    }
    for (const name of fromBodies) if (!names.has(name)) free.add(name);
    if (fromBodies.size > 0)
      captured.set(
        node,
        [...fromBodies].filter((name) => names.has(name)),
      );
  }
  for (const { name } of proto.output) read("graph.output", name);
  return { given, captured, free };
}

function addName(model: string, where: string, names: Set<string>, name: string): void {
  if (name === "") reject(`${model}: ${where}`, "must have a name", "");
  // Decoding turns invalid UTF-8 into U+FFFD, and then the name would no longer be the file's.
  if (name.includes("\uFFFD")) reject(`${model}: ${where}`, "names must be valid UTF-8", printable(name));
  if (names.has(name)) reject(`${model}: ${where}`, "each tensor must be made once", printable(name));
  names.add(name);
}

function bodies(attribute: AttributeProto): GraphProto[] {
  return attribute.g ? [attribute.g, ...attribute.graphs] : attribute.graphs;
}

function* namesInside(body: GraphProto): Generator<string> {
  for (const node of body.node) {
    yield* node.output;
    for (const attribute of node.attribute) for (const inner of bodies(attribute)) yield* namesInside(inner);
  }
}

function inputType(model: string, info: ValueInfoProto): ValueType {
  const value = valueType(info.type);
  const where = `${model}: input "${printable(info.name)}"`;
  if (value.kind !== "tensor") reject(where, "must be a tensor", value.kind);
  if (value.type === undefined) reject(`${where}, elem_type`, "must be an element type of ONNX", "none");
  const known = value.dims?.map((dim) => (typeof dim === "number" ? BigInt(dim) : 1n));
  if (known) countElements(where, known, maxInputElements);
  return value;
}

function valueType(type: TypeProto | undefined): ValueType {
  const value = type?.value;
  switch (value?.case) {
    case "sequenceType":
      return { kind: "sequence" };
    case "mapType":
      return { kind: "map" };
    case "optionalType":
      return { kind: "optional" };
    case "sparseTensorType":
      return { kind: "sparse" };
    case "tensorType": {
      const name = elementType(value.value.elemType)?.name;
      const dims = value.value.shape?.dim.map(dimension);
      return { kind: "tensor", ...(name === undefined ? {} : { type: name }), ...(dims ? { dims } : {}) };
    }
    default:
      return { kind: "tensor" };
  }
}

function dimension(dim: { value: { case?: string | undefined; value?: bigint | string | undefined } }): Dimension {
  const { value } = dim.value;
  // Some exporters write -1 or 0 where they mean "unknown".
  if (typeof value === "bigint") return value > 0n ? Number(value) : null;
  return value === undefined || value === "" ? null : value;
}
