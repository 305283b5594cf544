/** @file What an ONNX file declares of a value: its kind, element type and shape. */
import { reject } from "@linear-probes/core";
import type { TypeProto, ValueInfoProto } from "onnx-buf";
import { countElements, maxInputElements } from "./check-tensor.ts";
import { elementType } from "./element-types.ts";
import { printable } from "./printable.ts";

/** A dimension: known, named by a symbol, or unknown. */
export type Dimension = number | string | null;

/** What the file declares of a value. `dims` is absent when the file says nothing about the shape. */
export interface ValueType {
  readonly kind: "tensor" | "sequence" | "map" | "optional" | "sparse";
  readonly type?: string; // element type, e.g. "float32"
  readonly dims?: readonly Dimension[];
}

/** The type of a graph input, which must be complete enough to be fed. */
export function inputType(model: string, info: ValueInfoProto): ValueType {
  const value = valueType(info.type);
  const where = `${model}: input "${printable(info.name)}"`;
  if (value.kind !== "tensor") reject(where, "must be a tensor", value.kind);
  if (value.type === undefined) reject(`${where}, elem_type`, "must be an element type of ONNX", "none");
  const known = value.dims?.map((dim) => (typeof dim === "number" ? BigInt(dim) : 1n));
  if (known) countElements(where, known, maxInputElements);
  return value;
}

/** The type of any value; most files say little. */
export function valueType(type: TypeProto | undefined): ValueType {
  const value = type?.value;
  switch (value?.case) {
    case "sequenceType":
      return { kind: "sequence" };
    case "mapType":
      return { kind: "map" };
    case "optionalType":
      return { kind: "optional" };
    case "sparseTensorType":
      return { kind: "sparse" };
    case "tensorType": {
      const name = elementType(value.value.elemType)?.name;
      const dims = value.value.shape?.dim.map(dimension);
      return { kind: "tensor", ...(name === undefined ? {} : { type: name }), ...(dims ? { dims } : {}) };
    }
    default:
      return { kind: "tensor" };
  }
}

function dimension(dim: { value: { case?: string | undefined; value?: bigint | string | undefined } }): Dimension {
  const { value } = dim.value;
  // Some exporters write -1 or 0 where they mean "unknown".
  if (typeof value === "bigint") return value > 0n ? Number(value) : null;
  return value === undefined || value === "" ? null : value;
}
