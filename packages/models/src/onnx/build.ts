/**
 * @file Writes ONNX graphs: the few helpers that turn plain values into protobuf messages (ONNX IR specification,
 * onnx.proto). Used by the preprocessing graphs, by the architectures that are built as ONNX, and by the fixtures.
 */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as Kind,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "onnx-buf";
import type { AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto } from "onnx-buf";

export { DataType };

/** An attribute value. Integers are written as INT, other numbers as FLOAT; `float()` forces FLOAT. */
export type Attribute = number | string | readonly number[] | FloatAttribute | TensorProto | GraphProto;

export interface FloatAttribute {
  readonly float: number | readonly number[];
}

/** Marks a number that must be written as FLOAT although it is an integer. */
export function float(value: number | readonly number[]): FloatAttribute {
  return { float: value };
}

export interface NodeOptions {
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export function node(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  options: NodeOptions = {},
): NodeProto {
  return create(NodeProtoSchema, {
    opType,
    input: [...inputs],
    output: [...outputs],
    name: options.name ?? "",
    domain: options.domain ?? "",
    attribute: Object.entries(options.attributes ?? {}).map(([name, value]) => attribute(name, value)),
  });
}

function attribute(name: string, value: Attribute): AttributeProto {
  const message = create(AttributeProtoSchema, { name });
  if (typeof value === "string") {
    message.type = Kind.STRING;
    message.s = new TextEncoder().encode(value);
  } else if (typeof value === "number") {
    message.type = Number.isInteger(value) ? Kind.INT : Kind.FLOAT;
    if (Number.isInteger(value)) message.i = BigInt(value);
    else message.f = value;
  } else if (isNumbers(value)) {
    message.type = Kind.INTS;
    message.ints = value.map(BigInt);
  } else if ("float" in value) {
    if (typeof value.float === "number") {
      message.type = Kind.FLOAT;
      message.f = value.float;
    } else {
      message.type = Kind.FLOATS;
      message.floats = [...value.float];
    }
  } else if (value.$typeName === "onnx.TensorProto") {
    message.type = Kind.TENSOR;
    message.t = value;
  } else {
    message.type = Kind.GRAPH;
    message.g = value;
  }
  return message;
}

function isNumbers(value: Attribute): value is readonly number[] {
  return Array.isArray(value);
}

/** What a tensor constant may be made of. float16 is given as its bits or as a Float16Array. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Float16Array
  | Int8Array
  | Uint8Array
  | Int32Array
  | BigInt64Array;

/** A constant tensor, little-endian raw data. */
export function tensor(name: string, dims: readonly number[], data: TensorData): TensorProto {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: dataTypeOf(data),
    rawData: bytes.slice(),
  });
}

function dataTypeOf(data: TensorData): DataType {
  if (data instanceof Float32Array) return DataType.FLOAT;
  if (data instanceof Float64Array) return DataType.DOUBLE;
  if (data instanceof Float16Array) return DataType.FLOAT16;
  if (data instanceof Int8Array) return DataType.INT8;
  if (data instanceof Uint8Array) return DataType.UINT8;
  if (data instanceof Int32Array) return DataType.INT32;
  return DataType.INT64;
}

/** A one-dimensional int64 constant: shapes, axes, pads. */
export function int64s(name: string, values: readonly number[]): TensorProto {
  return tensor(name, [values.length], BigInt64Array.from(values, BigInt));
}

/** A named value with its type; a string dimension is symbolic, null is unknown; `undefined` dims leave the shape unknown. */
export function valueInfo(
  name: string,
  dims?: readonly (number | string | null)[],
  type: DataType = DataType.FLOAT,
): ValueInfoProto {
  const shape = dims && {
    dim: dims.map((dim) =>
      dim === null
        ? {}
        : typeof dim === "number"
          ? { value: { case: "dimValue" as const, value: BigInt(dim) } }
          : { value: { case: "dimParam" as const, value: dim } },
    ),
  };
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType: type, ...(shape ? { shape } : {}) } } },
  });
}

export interface GraphParts {
  readonly name?: string;
  readonly nodes: readonly NodeProto[];
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  readonly initializers?: readonly TensorProto[];
  readonly valueInfo?: readonly ValueInfoProto[];
}

export function graph(parts: GraphParts): GraphProto {
  return create(GraphProtoSchema, {
    name: parts.name ?? "graph",
    node: [...parts.nodes],
    input: [...parts.inputs],
    output: [...parts.outputs],
    initializer: [...(parts.initializers ?? [])],
    valueInfo: [...(parts.valueInfo ?? [])],
  });
}

export interface ModelOptions {
  readonly opset?: number;
  /** Versions of further operator domains, e.g. `{ "com.microsoft": 1 }`. */
  readonly domains?: Readonly<Record<string, number>>;
}

/** The bytes of a model file. */
export function modelBytes(parts: GraphProto, options: ModelOptions = {}): Uint8Array<ArrayBuffer> {
  const opset = options.opset ?? 17;
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: opset >= 21 ? 10n : 8n,
      producerName: "linear-probes",
      opsetImport: [
        { domain: "", version: BigInt(opset) },
        ...Object.entries(options.domains ?? {}).map(([domain, version]) => ({ domain, version: BigInt(version) })),
      ],
      graph: parts,
    }),
  );
}
