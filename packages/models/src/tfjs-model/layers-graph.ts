/**
 * @file The graph of a tf.LayersModel from its topology, as tfjs and Keras 1 and 2 write it. Every call of a layer is a
 * node; its tensors are named after the layer, with `/1`, `/2`… for further calls and `:1`, `:2`… for further outputs.
 * A model that is used as a layer is unfolded: its own layers are nodes under its name, such as `block/conv1`, and its
 * output is that of the last of them once more, under the name of the model.
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

/** Models that call models many times can be small files of more calls than memory holds. */
const MOST_NODES = 100_000;
const MOST_DEPTH = 32; // of models in models

/** The graph that is being read. */
interface Reading {
  readonly where: string;
  readonly depth: number;
  nodes: number; // so far
}

export function layersGraph(subject: string, modelTopology: unknown): RawGraph {
  const outer = z.looseObject({ model_config: z.unknown().optional() }).safeParse(modelTopology).data?.model_config;
  const { class_name: kind, config } = parsed(topology, outer ?? modelTopology, `${subject}: modelTopology`);
  return modelGraph(kind, config, { where: `${subject}: modelTopology.config`, depth: 0, nodes: 0 });
}

function modelGraph(kind: string, config: unknown, reading: Reading): RawGraph {
  const { where } = reading;
  if (kind === "Sequential") return sequence(parsed(sequential, config, where), reading);
  const { layers, input_layers, output_layers } = parsed(functional, config, where);
  const models = new Set(layers.filter(isModel).map((one) => one.config.name));
  // A model's own graph counts as its first call.
  const referred = ([name, call, output]: Reference): string =>
    tensorName([name, models.has(name) ? Math.max(0, call - 1) : call, output]);
  const inputs = input_layers.map(([name]) => {
    const found = layers.find((one) => one.config.name === name);
    return found ? inputOf(found, name) : reject(where, "input_layers must name layers", printable(name));
  });
  const starts = new Set(inputs.map(({ name }) => name));
  return {
    nodes: layers
      .filter((one) => !starts.has(one.config.name))
      .flatMap((one) => {
        const { call } = callable(one, reading);
        return (one.inbound_nodes ?? []).flatMap((from, at) => call(at, callInputs(from, where).map(referred)));
      }),
    inputs,
    outputs: output_layers.map(referred),
  };
}

function sequence(layers: readonly Layer[], reading: Reading): RawGraph {
  const [first] = layers;
  if (first === undefined) return reject(reading.where, "must have layers", 0);
  const declared = first.class_name === "InputLayer";
  const callables = layers.slice(declared ? 1 : 0).map((one) => ({ one, ...callable(one, reading) }));
  // As tfjs names the input of a first layer that declares its shape; that of a model is the model's own.
  const input =
    callables[0]?.inner?.inputs[0] ?? inputOf(first, declared ? first.config.name : `${first.config.name}_input`);
  let before = input.name;
  const nodes = callables.flatMap(({ one, call }) => {
    const made = call(0, [before]);
    before = one.config.name;
    return made;
  });
  return { nodes, inputs: [input], outputs: [before] };
}

function isModel({ class_name: kind, config }: Layer): boolean {
  return ["Model", "Functional", "Sequential"].includes(kind) && Array.isArray(config["layers"]);
}

interface Callable {
  readonly inner?: RawGraph; // of a model
  /** The nodes of one call. */
  readonly call: (at: number, inputs: readonly string[]) => readonly RawNode[];
}

function callable(one: Layer, reading: Reading): Callable {
  const { where, depth } = reading;
  const count = (nodes: number): void => {
    reading.nodes += nodes;
    if (reading.nodes > MOST_NODES) reject(where, `must make at most ${MOST_NODES} calls of layers`, reading.nodes);
  };
  if (!isModel(one)) return { call: (at, inputs) => (count(1), [node(one, at, inputs)]) };
  if (depth >= MOST_DEPTH) reject(where, `must have at most ${MOST_DEPTH} models in one another`, "more");
  const { name } = one.config;
  const inner = modelGraph(one.class_name, one.config, { where, depth: depth + 1, nodes: 0 });
  const made = new Set(inner.nodes.flatMap(({ outputs }) => outputs));
  return {
    inner,
    call(at, inputs) {
      if (inputs.length !== inner.inputs.length)
        reject(
          `${where}: "${printable(name)}"`,
          `must be called with its ${inner.inputs.length} inputs`,
          inputs.length,
        );
      count(inner.nodes.length + inner.outputs.length);
      const given = new Map(inner.inputs.map((input, i) => [input.name, inputs[i] ?? ""]));
      const prefix = tensorName([name, at, 0]);
      // Other names are those of weights, which are not filed under the model.
      const renamed = (tensor: string): string =>
        given.get(tensor) ?? (made.has(tensor) ? `${prefix}/${tensor}` : tensor);
      const own = inner.nodes.map((node) => ({
        ...node,
        name: `${prefix}/${node.name}`,
        inputs: node.inputs.map(renamed),
        outputs: node.outputs.map(renamed),
      }));
      const ends = inner.outputs.map((output, i) => {
        const end = tensorName([name, at, i]);
        return { name: end, op: one.class_name, opType: "Identity", inputs: [renamed(output)], outputs: [end] };
      });
      return [...own, ...ends];
    },
  };
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

type Reference = readonly [name: string, call: number, output: number, ...unknown[]];

export function tensorName([name, call, output]: Reference): string {
  return `${name}${call === 0 ? "" : `/${call}`}${output === 0 ? "" : `:${output}`}`;
}

function callInputs(call: z.infer<typeof reference>[] | Record<string, unknown>, where: string): readonly Reference[] {
  if (!Array.isArray(call))
    return reject(
      where,
      "inbound_nodes must be as Keras 2 writes them",
      "another form",
      "convert the model with tensorflowjs",
    );
  return call;
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
