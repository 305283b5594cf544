/** @file A validated view of an ONNX graph: nodes in depth order, who makes and who reads each tensor. */
import { reject } from "@linear-probes/core";
import type { AttributeProto, GraphProto } from "onnx-buf";
import { bodies, checkScope } from "./check-scope.ts";
import type { ExternalTensor } from "./external-data.ts";
import { sortNodes } from "./sort-nodes.ts";
import { inputType, valueType } from "./value-type.ts";
import type { ValueType } from "./value-type.ts";

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

function* namesInside(body: GraphProto): Generator<string> {
  for (const node of body.node) {
    yield* node.output;
    for (const attribute of node.attribute) for (const inner of bodies(attribute)) yield* namesInside(inner);
  }
}
