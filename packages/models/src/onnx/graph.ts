/** @file A validated view of an ONNX graph: nodes in depth order, who makes and who reads each tensor. */
import { reject } from "@linear-probes/core";
import type { AttributeProto, GraphProto } from "onnx-buf";
import { bodies, checkScope } from "./check-scope.ts";
import type { ExternalTensor } from "./external-data.ts";
import { sortNodes } from "./sort-nodes.ts";
import { indexNodes } from "./tap-graph.ts";
import type { TapGraph, TapNode } from "./tap-graph.ts";
import { inputType, valueType } from "./value-type.ts";
import type { ValueType } from "./value-type.ts";

export interface OnnxNode extends TapNode {
  readonly attributes: ReadonlyMap<string, AttributeProto>;
}

export interface OnnxGraph extends TapGraph {
  readonly nodes: readonly OnnxNode[];
  readonly producer: ReadonlyMap<string, OnnxNode>;
  readonly consumers: ReadonlyMap<string, readonly OnnxNode[]>;
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
  const hidden = new Map<string, OnnxNode>();
  for (const node of nodes)
    for (const attribute of node.attributes.values())
      for (const body of bodies(attribute)) for (const name of namesInside(body)) hidden.set(name, node);
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
    ...indexNodes(nodes),
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
