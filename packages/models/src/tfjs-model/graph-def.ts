/**
 * @file The graph of a tf.GraphModel from its topology: a TensorFlow GraphDef as JSON (tensorflow, graph.proto). A tensor
 * is named after its node, with `:1`, `:2`… for further outputs.
 */
import { z } from "zod";
import { reject } from "@linear-probes/core";
import { printable } from "../onnx/printable.ts";
import type { ValueType } from "../onnx/value-type.ts";
import { tensorFlowOperator } from "./operators.ts";
import type { RawGraph, RawNode } from "./raw-graph.ts";

const attribute = z.looseObject({
  type: z.union([z.string(), z.int()]).optional(),
  shape: z.looseObject({ dim: z.array(z.looseObject({ size: z.coerce.number() })).optional() }).optional(),
  func: z.looseObject({ name: z.string() }).optional(),
  list: z.looseObject({ s: z.array(z.string()).optional() }).optional(),
});
const node = z.looseObject({
  name: z.string(),
  op: z.string(),
  input: z.array(z.string()).default([]),
  attr: z.record(z.string(), z.unknown()).default({}),
});
const called = z.looseObject({
  signature: z.looseObject({ name: z.string() }),
  nodeDef: z.array(z.looseObject({ name: z.string() })).default([]),
});
const graphDef = z.looseObject({
  node: z.array(node).min(1),
  library: z.looseObject({ function: z.array(called).default([]) }).optional(),
});
const signature = z.looseObject({ outputs: z.record(z.string(), z.looseObject({ name: z.string() })).optional() });

/** Nodes of loops and branches: their values belong to a turn of the loop, not to a row. */
const controlFlow = new Set(["Switch", "Merge", "Enter", "Exit", "NextIteration", "LoopCond"]);
const types: Readonly<Record<string, string>> = {
  DT_FLOAT: "float32",
  DT_INT32: "int32",
  DT_INT64: "int32", // as tfjs takes it
  DT_BOOL: "bool",
  DT_STRING: "string",
  "1": "float32",
  "3": "int32",
  "9": "int32",
  "10": "bool",
  "7": "string",
};

export function graphDefGraph(subject: string, modelTopology: unknown, modelSignature: unknown): RawGraph {
  const result = graphDef.safeParse(modelTopology);
  if (!result.success)
    return reject(
      `${subject}: modelTopology`,
      "must be a TensorFlow graph",
      printable(z.prettifyError(result.error), 200),
    );
  const { node: nodes, library } = result.data;
  const bodies = new Map((library?.function ?? []).map((one) => [one.signature.name, one.nodeDef]));
  const read = new Set(nodes.flatMap(({ input }) => input.map(bare)));
  const further = Map.groupBy(
    [...read].filter((name) => name.includes(":")),
    (name) => name.replace(/:\d+$/, ""),
  );
  const outputs = Object.values(signature.safeParse(modelSignature).data?.outputs ?? {}).map(({ name }) => bare(name));
  const constants = new Set(["Const", "Placeholder", "PlaceholderWithDefault", "NoOp"]);
  const made = nodes.filter(({ op }) => !constants.has(op));
  return {
    nodes: made.map((one): RawNode => {
      const attributes = new Map(
        Object.entries(one.attr).map(([key, value]) => [key, attribute.safeParse(value).data]),
      );
      const fused = (attributes.get("fused_ops")?.list?.s ?? []).map((text) =>
        Buffer.from(text, "base64").toString("latin1"),
      );
      const hidden = [...attributes.values()].flatMap((value) =>
        (bodies.get(value?.func?.name ?? "") ?? []).map((body) => `${value?.func?.name}/${body.name}`),
      );
      return {
        name: one.name,
        op: one.op,
        opType: tensorFlowOperator(one.op, fused),
        inputs: one.input.filter((name) => !name.startsWith("^")).map(bare),
        outputs: [one.name, ...(further.get(one.name) ?? [])],
        hidden,
        ...(controlFlow.has(one.op) && {
          refused: "it is part of a loop or a branch: it has one value per turn, not one per row",
        }),
      };
    }),
    inputs: nodes
      .filter(({ op }) => op === "Placeholder")
      .map(({ name, attr }) => ({ name, value: placeholder(attr) })),
    constants: nodes.filter(({ op }) => op === "Const" || op === "PlaceholderWithDefault").map(({ name }) => name),
    outputs: outputs.length > 0 ? outputs : made.map(({ name }) => name).filter((name) => !read.has(name)),
  };
}

/** "x:0" and "x" are one tensor; "^x" is none, only an order. */
function bare(name: string): string {
  return name.replace(/^\^/, "").replace(/:0$/, "");
}

function placeholder(attr: Readonly<Record<string, unknown>>): ValueType {
  const { type = "DT_FLOAT" } = attribute.safeParse(attr["dtype"]).data ?? {};
  const dims = attribute.safeParse(attr["shape"]).data?.shape?.dim?.map(({ size }) => (size >= 0 ? size : null));
  return { kind: "tensor", type: types[String(type)] ?? "float32", ...(dims && dims.length > 0 && { dims }) };
}
