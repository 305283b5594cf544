/**
 * @file The untrained twin of a model: the same graph with random weights. Every floating-point initializer of rank 2 or
 * more is redrawn from a normal distribution of its own mean and standard deviation; one of rank 1 (biases, scales,
 * running variances, which must stay positive) keeps its values in a random order. Whole numbers (shapes, codes of
 * quantised tensors), single values, constants without spread and with infinities (masks) stay as they are.
 */
import { closeSync, constants, openSync, readSync } from "node:fs";
import { dirname, join } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { reject } from "@linear-probes/core";
import type { Stream } from "@linear-probes/core";
import { ModelProtoSchema, TensorProto_DataLocation as Location } from "onnx-buf";
import type { TensorProto } from "onnx-buf";
import { elementType } from "./element-types.ts";
import { redraw } from "./redraw.ts";
import { readModel } from "./read-model.ts";
import type { OnnxModel } from "./read-model.ts";

/** A model of the same graph; every draw comes from `stream`, by the tensor's name. */
export function untrainedTwin(model: OnnxModel, stream: Stream): OnnxModel {
  const proto = fromBinary(ModelProtoSchema, model.bytes, { readUnknownFields: false });
  let redrawn = 0;
  for (const tensor of proto.graph?.initializer ?? []) {
    inline(model, tensor);
    const values = floatsOf(tensor);
    const drawn = values && redraw(values, tensor.dims.length, stream.split(tensor.name));
    if (!drawn) continue;
    setFloats(tensor, drawn);
    redrawn += 1;
  }
  if (redrawn === 0)
    reject(
      `${model.name}: initializers`,
      "must hold floating-point weights for an untrained twin",
      "none",
      "weights in Constant nodes or of quantised types are not redrawn; leave the controls out",
    );
  return readModel(toBinary(ModelProtoSchema, proto), `${model.name}, untrained twin`);
}

/** Brings the bytes of an external tensor, which readModel has checked, into the tensor. */
function inline(model: OnnxModel, tensor: TensorProto): void {
  if (tensor.dataLocation !== Location.EXTERNAL) return;
  const entry = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const elements = tensor.dims.reduce((count, dim) => count * Number(dim), 1);
  const bytes = new Uint8Array(Math.ceil((elements * (elementType(tensor.dataType)?.bits ?? 0)) / 8));
  const path = join(dirname(model.path ?? ""), entry.get("location") ?? "");
  const handle = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    const offset = Number(entry.get("offset") ?? 0);
    let done = 0;
    for (let read = 1; read > 0 && done < bytes.byteLength; done += read)
      read = readSync(handle, bytes, done, bytes.byteLength - done, offset + done);
    if (done !== bytes.byteLength) reject(`${model.name}: external data`, `must hold ${bytes.byteLength} bytes`, done);
  } finally {
    closeSync(handle);
  }
  tensor.rawData = bytes;
  tensor.externalData = [];
  tensor.dataLocation = Location.DEFAULT;
}

/** The values of a float16, float32 or float64 tensor; undefined for other types. */
function floatsOf(tensor: TensorProto): Float64Array | undefined {
  const name = elementType(tensor.dataType)?.name;
  const raw = new Uint8Array(tensor.rawData); // a copy of its own: aligned
  if (name === "float32")
    return Float64Array.from(raw.byteLength > 0 ? new Float32Array(raw.buffer) : tensor.floatData);
  if (name === "float64")
    return Float64Array.from(raw.byteLength > 0 ? new Float64Array(raw.buffer) : tensor.doubleData);
  if (name !== "float16") return undefined;
  const bits = raw.byteLength > 0 ? raw : new Uint8Array(Uint16Array.from(tensor.int32Data).buffer);
  return Float64Array.from(new Float16Array(bits.buffer));
}

function setFloats(tensor: TensorProto, values: Float64Array<ArrayBuffer>): void {
  const name = elementType(tensor.dataType)?.name;
  const typed =
    name === "float32" ? Float32Array.from(values) : name === "float64" ? values : Float16Array.from(values);
  tensor.rawData = new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength);
  tensor.floatData = [];
  tensor.doubleData = [];
  tensor.int32Data = [];
}
