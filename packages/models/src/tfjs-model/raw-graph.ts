/** @file A graph as one of the two kinds of topology gives it, and its way into depth order, checked. */
import { reject } from "@linear-probes/core";
import { printable } from "../onnx/printable.ts";
import { sortNodes } from "../onnx/sort-nodes.ts";
import { indexNodes } from "../onnx/tap-graph.ts";
import type { TapGraph, TapNode } from "../onnx/tap-graph.ts";
import type { ValueType } from "../onnx/value-type.ts";

export interface RawNode {
  readonly name: string;
  readonly op: string; // in the file's words
  readonly opType: string; // in ONNX's
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Tensors inside the bodies of functions that it calls. */
  readonly hidden?: readonly string[];
  /** Why its outputs cannot be probed. */
  readonly refused?: string;
}

export interface RawGraph {
  readonly nodes: readonly RawNode[];
  readonly inputs: readonly { readonly name: string; readonly value: ValueType }[];
  readonly outputs: readonly string[];
  /** Names of constants whose values may be elsewhere than among the weights. */
  readonly constants?: readonly string[];
}

export interface NamedGraph {
  readonly graph: TapGraph;
  /** The file's word for the operator that makes a tensor. */
  readonly operators: ReadonlyMap<string, string>;
  readonly refused: ReadonlyMap<string, string>; // tensor → reason
}

/** `weights` are the constants: name → dims. */
export function orderedGraph(
  subject: string,
  { nodes, inputs, outputs, constants = [] }: RawGraph,
  weights: ReadonlyMap<string, readonly number[]>,
): NamedGraph {
  const initializers = new Map([...constants.map((name) => [name, []] as const), ...weights]);
  if (nodes.length === 0) reject(`${subject}: modelTopology`, "must have nodes", 0);
  if (inputs.length === 0) reject(`${subject}: modelTopology`, "must have inputs", 0);
  const given = new Set([...inputs.map(({ name }) => name), ...initializers.keys()]);
  const made = new Set(given);
  for (const { outputs } of nodes)
    for (const name of outputs)
      if (made.has(name)) reject(`${subject}: modelTopology`, "each tensor must be made once", printable(name));
      else made.add(name);
  for (const name of [...nodes.flatMap(({ inputs }) => inputs), ...outputs])
    if (!made.has(name)) reject(`${subject}: modelTopology`, "inputs must name tensors that exist", printable(name));
  const sortable = nodes.map((raw) => ({
    raw,
    name: raw.name,
    opType: raw.op,
    input: raw.inputs,
    output: raw.outputs,
  }));
  const sorted = sortNodes(subject, sortable, new Map(), given);
  const hidden = new Map<string, TapNode>();
  const ordered = sorted.map(({ node: { raw } }, i): TapNode => {
    const { name, opType, inputs, outputs } = raw;
    const node = { depth: i + 1, name, opType, domain: "", inputs, captured: [], outputs };
    for (const inside of raw.hidden ?? []) hidden.set(inside, node);
    return node;
  });
  return {
    graph: {
      nodes: ordered,
      inputs,
      outputs,
      initializers,
      ...indexNodes(ordered),
      declared: new Map(inputs.map(({ name, value }) => [name, value])),
      hidden,
    },
    operators: new Map(nodes.flatMap(({ op, outputs }) => outputs.map((name) => [name, op]))),
    refused: new Map(nodes.flatMap(({ refused, outputs }) => (refused ? outputs.map((name) => [name, refused]) : []))),
  };
}
