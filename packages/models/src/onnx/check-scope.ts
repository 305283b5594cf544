/** @file Names and constants of a graph, checked: each tensor made once, each name that is read known, bodies included. */
import { reject } from "@linear-probes/core";
import { TensorProto_DataLocation as Location } from "onnx-buf";
import type { AttributeProto, GraphProto, NodeProto } from "onnx-buf";
import { checkTensor, countElements } from "./check-tensor.ts";
import type { ExternalTensor } from "./external-data.ts";
import { describeNode, printable } from "./printable.ts";

export interface Scope {
  /** Names known before the first node: inputs and constants. */
  readonly given: ReadonlySet<string>;
  /** For each node, the names its bodies read from this graph or further out. */
  readonly captured: ReadonlyMap<NodeProto, readonly string[]>;
  /** Names read from enclosing graphs. */
  readonly free: ReadonlySet<string>;
}

/** Checks names and constants of one graph and, inside it, of the bodies of its nodes. */
export function checkScope(
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

/** The graphs that an attribute holds. */
export function bodies(attribute: AttributeProto): GraphProto[] {
  return attribute.g ? [attribute.g, ...attribute.graphs] : attribute.graphs;
}
