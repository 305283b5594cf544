/** @file ONNX element types: their names and sizes, and how values become float32 features. */
import { TensorProto_DataType as DataType } from "onnx-buf";
import type { Tensor } from "onnxruntime-node";
import { reject } from "@linear-probes/core";
import { printable } from "./printable.ts";

interface ElementType {
  readonly name: string;
  readonly bits: number; // in raw data
  /** The TensorProto field that holds the values when there is no raw data. */
  readonly field: "floatData" | "int32Data" | "int64Data" | "doubleData" | "uint64Data" | "stringData";
}

const types: Partial<Record<DataType, ElementType>> = {
  [DataType.FLOAT]: { name: "float32", bits: 32, field: "floatData" },
  [DataType.UINT8]: { name: "uint8", bits: 8, field: "int32Data" },
  [DataType.INT8]: { name: "int8", bits: 8, field: "int32Data" },
  [DataType.UINT16]: { name: "uint16", bits: 16, field: "int32Data" },
  [DataType.INT16]: { name: "int16", bits: 16, field: "int32Data" },
  [DataType.INT32]: { name: "int32", bits: 32, field: "int32Data" },
  [DataType.INT64]: { name: "int64", bits: 64, field: "int64Data" },
  [DataType.STRING]: { name: "string", bits: 0, field: "stringData" },
  [DataType.BOOL]: { name: "bool", bits: 8, field: "int32Data" },
  [DataType.FLOAT16]: { name: "float16", bits: 16, field: "int32Data" },
  [DataType.DOUBLE]: { name: "float64", bits: 64, field: "doubleData" },
  [DataType.UINT32]: { name: "uint32", bits: 32, field: "uint64Data" },
  [DataType.UINT64]: { name: "uint64", bits: 64, field: "uint64Data" },
  [DataType.COMPLEX64]: { name: "complex64", bits: 64, field: "floatData" },
  [DataType.COMPLEX128]: { name: "complex128", bits: 128, field: "doubleData" },
  [DataType.BFLOAT16]: { name: "bfloat16", bits: 16, field: "int32Data" },
  [DataType.FLOAT8E4M3FN]: { name: "float8e4m3fn", bits: 8, field: "int32Data" },
  [DataType.FLOAT8E4M3FNUZ]: { name: "float8e4m3fnuz", bits: 8, field: "int32Data" },
  [DataType.FLOAT8E5M2]: { name: "float8e5m2", bits: 8, field: "int32Data" },
  [DataType.FLOAT8E5M2FNUZ]: { name: "float8e5m2fnuz", bits: 8, field: "int32Data" },
  [DataType.UINT4]: { name: "uint4", bits: 4, field: "int32Data" },
  [DataType.INT4]: { name: "int4", bits: 4, field: "int32Data" },
  [DataType.FLOAT4E2M1]: { name: "float4e2m1", bits: 4, field: "int32Data" },
};

/** Facts of an element type; undefined when the number names none that is known. */
export function elementType(type: number): ElementType | undefined {
  return types[type as DataType];
}

/** Types whose values can be features; integers of quantised tensors are taken as their codes (an affine map of the real values). */
const featureTypes = new Set([
  "float32",
  "float64",
  "float16",
  "int8",
  "uint8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "int64",
  "uint64",
  "bool",
]);

export function canBeFeatures(type: string): boolean {
  return featureTypes.has(type);
}

/** The values as float32, without a copy when they already are. */
export function toFloat32(value: Tensor, name: string): Float32Array {
  const data = value.data;
  if (data instanceof Float32Array) return data;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float32Array.from(data, Number);
  // onnxruntime hands float16 over as Float16Array where the engine has it, so no bits are decoded here.
  if (ArrayBuffer.isView(data) && value.type !== "uint4" && value.type !== "int4") return Float32Array.from(data);
  return reject(printable(name), `values of type ${value.type} cannot be features`, value.type);
}
