/**
 * @file The taps of a model: every tensor that depends on the input's values, in depth order. Which of them can be read,
 * and their shapes when the file does not say, is measured by a trial run (trial.ts).
 */
import type { TapGraph, TapNode } from "./tap-graph.ts";
import type { ValueType } from "./value-type.ts";
import type { ForeignModel } from "../foreign-model.ts";
import { printable } from "./printable.ts";

export interface Tap {
  /** The tensor's name in the file: the tap's identity. Show it through `printable`. */
  readonly name: string;
  readonly depth: number; // of the node that makes it; 0 for inputs
  readonly operator: string; // "Conv", "com.microsoft:FusedConv", "input"
  readonly node: string; // the node's name, possibly ""
  /** Module path from the names, e.g. "inception_4a/1x1"; "" when the names have none. */
  readonly group: string;
  readonly declared: ValueType;
  /** Why it cannot be probed. */
  readonly refused?: string;
}

/** Every tensor of every node, inputs first. Constants are not taps. */
export function listTaps(model: ForeignModel): Tap[] {
  const taps = tapsOf(model.graph);
  if (model.format === "onnx") return taps;
  // In the words of the file, not of the rules that choose taps.
  return taps.map((tap) => {
    const refused = tap.refused ?? model.refused.get(tap.name);
    return {
      ...tap,
      operator: model.operators.get(tap.name) ?? tap.operator,
      ...(refused !== undefined && { refused }),
    };
  });
}

function tapsOf(graph: TapGraph): Tap[] {
  const dependent = dependsOnInput(graph);
  const constant = constants(graph);
  const taps: Tap[] = graph.inputs.map(({ name, value }) => ({
    name,
    depth: 0,
    operator: "input",
    node: "",
    group: "",
    declared: value,
  }));
  for (const node of graph.nodes) {
    for (const name of node.outputs) {
      if (name === "" || constant.has(name)) continue;
      const declared = graph.declared.get(name) ?? { kind: "tensor" };
      const refused = refusal(declared, dependent.has(name));
      taps.push({ name, ...describe(node, name), declared, ...(refused === undefined ? {} : { refused }) });
    }
  }
  for (const [name, holder] of graph.hidden) {
    if (name === "") continue;
    const refused = `inside the body of ${holder.opType} "${printable(holder.name || holder.outputs[0] || "?")}": it has one value per run of the body, not one per row`;
    taps.push({ name, ...describe(holder, name), declared: { kind: "tensor" }, refused });
  }
  return taps;
}

function describe(node: TapNode, tensor: string): Pick<Tap, "depth" | "operator" | "node" | "group"> {
  const operator = node.domain === "" ? node.opType : `${node.domain}:${node.opType}`;
  return { depth: node.depth, operator, node: node.name, group: groupOf(tensor) || groupOf(node.name) };
}

/** "/layer1/conv1/Conv_output_0" → "layer1/conv1". */
function groupOf(name: string): string {
  const path = name.replace(/^\/+/, "");
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function refusal(declared: ValueType, dependent: boolean): string | undefined {
  if (declared.kind !== "tensor") return `it is a ${declared.kind}, not a tensor`;
  if (declared.type === "string") return "it holds strings";
  if (!dependent) return "it does not depend on the values of the input";
  return undefined;
}

/** Operators whose outputs depend on the shape of what they read, not on its values. */
const shapeReaders = new Set(["Shape", "Size"]);

function dependsOnInput(graph: TapGraph): Set<string> {
  const dependent = new Set(graph.inputs.map(({ name }) => name));
  for (const node of graph.nodes) {
    if (shapeReaders.has(node.opType)) continue;
    if ([...node.inputs, ...node.captured].some((name) => dependent.has(name)))
      for (const name of node.outputs) dependent.add(name);
  }
  return dependent;
}

/** Tensors computed from constants alone. */
function constants(graph: TapGraph): Set<string> {
  const constant = new Set(
    [...graph.initializers.keys()].filter((name) => !graph.inputs.some((input) => input.name === name)),
  );
  for (const node of graph.nodes) {
    if (node.opType.startsWith("Random")) continue;
    if ([...node.inputs, ...node.captured].every((name) => name === "" || constant.has(name)))
      for (const name of node.outputs) constant.add(name);
  }
  return constant;
}
