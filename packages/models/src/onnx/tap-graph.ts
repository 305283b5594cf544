/** @file What choosing and listing taps needs of a model's graph, whatever its format. */
import type { ValueType } from "./value-type.ts";

export interface TapNode {
  readonly depth: number; // place in topological order, from 1
  readonly name: string;
  /** In ONNX's words (a Keras MaxPooling2D is a MaxPool), so that one set of rules chooses taps. */
  readonly opType: string;
  readonly domain: string; // "" is the standard
  readonly inputs: readonly string[]; // "" marks an omitted one
  /** Tensors of this graph that the node's subgraphs read by name. */
  readonly captured: readonly string[];
  readonly outputs: readonly string[];
}

export interface TapGraph {
  readonly nodes: readonly TapNode[]; // in depth order
  readonly inputs: readonly { readonly name: string; readonly value: ValueType }[];
  readonly outputs: readonly string[];
  readonly initializers: ReadonlyMap<string, readonly number[]>; // name → dims
  readonly producer: ReadonlyMap<string, TapNode>;
  readonly consumers: ReadonlyMap<string, readonly TapNode[]>;
  readonly declared: ReadonlyMap<string, ValueType>;
  /** Tensors that live inside bodies of control flow, with the node that holds the body. */
  readonly hidden: ReadonlyMap<string, TapNode>;
}

/** Who makes and who reads each tensor. */
export function indexNodes<N extends TapNode>(
  nodes: readonly N[],
): { readonly producer: ReadonlyMap<string, N>; readonly consumers: ReadonlyMap<string, readonly N[]> } {
  const producer = new Map<string, N>();
  const consumers = new Map<string, N[]>();
  for (const node of nodes) {
    for (const output of node.outputs) if (output !== "") producer.set(output, node);
    for (const input of new Set([...node.inputs, ...node.captured])) {
      const readers = consumers.get(input);
      if (readers) readers.push(node);
      else consumers.set(input, [node]);
    }
  }
  return { producer, consumers };
}
