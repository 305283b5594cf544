/**
 * @file The graph of a tf.LayersModel from its topology, as tfjs and Keras 1 and 2 write it. Every call of a layer is a
 * node; its tensors are named after the layer, with `/1`, `/2`… for further calls and `:1`, `:2`… for further outputs.
 */
import { reject } from "@linear-probes/core";
import { z } from "zod";
import { printable } from "../onnx/printable.ts";
import type { ValueType } from "../onnx/value-type.ts";
import { layerOperator } from "./operators.ts";
import type { RawGraph, RawNode } from "./raw-graph.ts";

const shape = z.array(z.int().nullable());
const config = z.looseObject({
  name: z.string(),
  batch_input_shape: shape.optional(),
  dtype: z.string().optional(),
  activation: z.unknown().optional(),
  return_state: z.boolean().optional(),
});
/** [layer, call, output, …] */
const reference = z.tuple([z.string(), z.int().min(0), z.int().min(0)]).rest(z.unknown());
const layer = z.looseObject({
  class_name: z.string(),
  config,
  inbound_nodes: z.array(z.union([z.array(reference), z.record(z.string(), z.unknown())])).optional(),
});
const ends = z.union([z.array(reference), reference.transform((one) => [one])]);
const functional = z.looseObject({ layers: z.array(layer).min(1), input_layers: ends, output_layers: ends });
const sequential = z.union([
  z.looseObject({ layers: z.array(layer).min(1) }).transform(({ layers }) => layers),
  z.array(layer).min(1),
]);
const topology = z.looseObject({ class_name: z.string(), config: z.unknown() });

type Layer = z.infer<typeof layer>;

export function layersGraph(subject: string, modelTopology: unknown): RawGraph {
  const outer = z.looseObject({ model_config: z.unknown().optional() }).safeParse(modelTopology).data?.model_config;
  const { class_name: kind, config } = parsed(topology, outer ?? modelTopology, `${subject}: modelTopology`);
  const where = `${subject}: modelTopology.config`;
  if (kind === "Sequential") return sequence(parsed(sequential, config, where), where);
  const { layers, input_layers, output_layers } = parsed(functional, config, where);
  const inputs = input_layers.map(([name]) => {
    const found = layers.find((one) => one.config.name === name);
    return found ? inputOf(found, name) : reject(where, "input_layers must name layers", printable(name));
  });
  const starts = new Set(inputs.map(({ name }) => name));
  return {
    nodes: layers
      .filter((one) => !starts.has(one.config.name))
      .flatMap((one) => (one.inbound_nodes ?? []).map((call, at) => node(one, at, callInputs(call, where)))),
    inputs,
    outputs: output_layers.map(tensorName),
  };
}

function sequence(layers: readonly Layer[], where: string): RawGraph {
  const [first] = layers;
  if (first === undefined) return reject(where, "must have layers", 0);
  const declared = first.class_name === "InputLayer";
  // As tfjs names the input of a first layer that declares its shape.
  const input = inputOf(first, declared ? first.config.name : `${first.config.name}_input`);
  let before = input.name;
  const nodes = layers.slice(declared ? 1 : 0).map((one) => {
    const made = node(one, 0, [before]);
    before = one.config.name;
    return made;
  });
  return { nodes, inputs: [input], outputs: [before] };
}

function node({ class_name: className, config }: Layer, call: number, inputs: readonly string[]): RawNode {
  const own = tensorName([config.name, call, 0]);
  const opType = layerOperator(className, config.activation);
  return {
    name: config.name,
    op: className,
    opType,
    // The table that an embedding looks its tokens up in.
    inputs: opType === "Gather" ? [`${config.name}/embeddings`, ...inputs] : inputs,
    outputs: config.return_state === true ? [own, `${own}:1`, `${own}:2`] : [own],
  };
}

export function tensorName([name, call, output]: readonly [string, number, number, ...unknown[]]): string {
  return `${name}${call === 0 ? "" : `/${call}`}${output === 0 ? "" : `:${output}`}`;
}

function callInputs(call: z.infer<typeof reference>[] | Record<string, unknown>, where: string): readonly string[] {
  if (!Array.isArray(call))
    return reject(
      where,
      "inbound_nodes must be as Keras 2 writes them",
      "another form",
      "convert the model with tensorflowjs",
    );
  return call.map(tensorName);
}

function inputOf({ config }: Layer, name: string): { readonly name: string; readonly value: ValueType } {
  const { batch_input_shape: dims, dtype = "float32" } = config;
  return { name, value: { kind: "tensor", type: dtype, ...(dims && { dims }) } };
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  return reject(
    [where, ...(issue?.path ?? []).map((part) => printable(String(part), 40))].join("."),
    "must be a layers model",
    printable(issue?.message ?? "something else", 200),
  );
}
