/** @file Grows one ONNX graph a node at a time, naming values and sharing constants. Knows nothing about layers. */
import type { NodeProto, TensorProto, ValueInfoProto } from "onnx-buf";
import { DataType, graph, int64s, modelBytes, node, tensor, valueInfo } from "../../onnx/build.ts";
import type { Attribute } from "../../onnx/build.ts";

type Attributes = Readonly<Record<string, Attribute>>;

export interface ModelBuilder {
  /** Declares a graph input; a string dimension is symbolic. Returns `name`. */
  input(name: string, dims: readonly (number | string)[]): string;
  /** Declares a value that some node makes as a graph output. */
  output(name: string, dims: readonly (number | string)[]): void;
  /** States the shape of a value that is neither input nor output, for those who read the file. */
  describe(name: string, dims: readonly (number | string)[]): void;
  /** An initialiser of float32 values. Returns `name`. */
  weights(name: string, values: Float32Array, dims: readonly number[]): string;
  /** A float32 constant of rank 0, or of rank 1 when a list is given. Equal constants share one initialiser. */
  floats(value: number | readonly number[]): string;
  /** A float32 constant [rows, cols], shared as well. */
  matrix(values: Float32Array, dims: readonly [number, number]): string;
  /** A 1-D int64 constant. */
  ints(values: readonly number[]): string;
  /** Adds a node with one output, and returns the output's name: `name`, or a fresh one. */
  node(operator: string, inputs: readonly string[], attributes?: Attributes, name?: string): string;
  /**
   * Adds a node whose output no other reads. Of these onnxruntime runs the last first, each after what it needs alone: they
   * come last in the file, in reverse, so that they are run as they were added, while what they read is still in a cache.
   */
  leaf(operator: string, inputs: readonly string[], attributes: Attributes, name: string): void;
  /** Adds a node with several outputs. */
  nodeOf(operator: string, inputs: readonly string[], outputs: readonly string[], attributes?: Attributes): void;
  bytes(): Uint8Array<ArrayBuffer>;
}

export function createModelBuilder(name: string): ModelBuilder {
  const nodes: NodeProto[] = [];
  const leaves: NodeProto[] = [];
  const inputs: ValueInfoProto[] = [];
  const outputs: ValueInfoProto[] = [];
  const described: ValueInfoProto[] = [];
  const initializers: TensorProto[] = [];
  const constants = new Map<string, string>();
  let fresh = 0;

  const constant = (key: string, make: (name: string) => TensorProto): string => {
    const known = constants.get(key);
    if (known !== undefined) return known;
    const name = `constant/${constants.size}`;
    constants.set(key, name);
    initializers.push(make(name));
    return name;
  };

  return {
    input(name, dims) {
      inputs.push(valueInfo(name, dims, DataType.FLOAT));
      return name;
    },
    output: (name, dims) => void outputs.push(valueInfo(name, dims, DataType.FLOAT)),
    describe: (name, dims) => void described.push(valueInfo(name, dims, DataType.FLOAT)),
    weights(name, values, dims) {
      initializers.push(tensor(name, dims, values));
      return name;
    },
    floats: (value) =>
      typeof value === "number"
        ? constant(`float ${value}`, (name) => tensor(name, [], Float32Array.of(value)))
        : constant(`floats ${value.join()}`, (name) => tensor(name, [value.length], Float32Array.from(value))),
    matrix: (values, dims) => constant(`matrix ${dims.join()} ${values.join()}`, (name) => tensor(name, dims, values)),
    ints: (values) => constant(`ints ${values.join()}`, (name) => int64s(name, values)),
    node(operator, from, attributes = {}, name = `${operator}/${fresh++}`) {
      nodes.push(node(operator, from, [name], { name, attributes }));
      return name;
    },
    leaf: (operator, from, attributes, name) => void leaves.push(node(operator, from, [name], { name, attributes })),
    nodeOf(operator, from, to, attributes = {}) {
      nodes.push(node(operator, from, to, { name: to[0] ?? operator, attributes }));
    },
    bytes() {
      const all = [...nodes, ...leaves.toReversed()];
      return modelBytes(graph({ name, nodes: all, inputs, outputs, initializers, valueInfo: described }));
    },
  };
}
