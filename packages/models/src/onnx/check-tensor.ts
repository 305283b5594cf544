/** @file A constant must hold exactly the values that its shape declares, so that no declared size is ever trusted. */
import { reject } from "@linear-probes/core";
import { TensorProto_DataLocation as Location } from "onnx-buf";
import type { TensorProto } from "onnx-buf";
import { elementType } from "./element-types.ts";
import { printable } from "./printable.ts";

const maxRank = 64;
/** Of a constant: its bytes must be there, so this only bounds arithmetic. */
const maxElements = 2 ** 40;
/** Of an input: a row of it has to be allocated. */
export const maxInputElements = 2 ** 26;

/** Number of elements of a shape; every dimension must be a whole number ≥ 0 and the product within bounds. */
export function countElements(subject: string, dims: readonly bigint[], limit = maxElements): number {
  if (dims.length > maxRank) reject(`${subject}, dims`, `at most ${maxRank} dimensions`, dims.length);
  let count = 1;
  for (const dim of dims) {
    if (dim < 0n) reject(`${subject}, dims`, "dimensions must be at least 0", dim);
    // The product of the others is checked even when one is 0, so that order does not matter.
    count *= Math.max(1, Number(dim));
    if (!(count <= limit))
      reject(`${subject}, dims`, `at most 2^${Math.log2(limit)} elements`, `[${dims.slice(0, 8).join(", ")}]`);
  }
  return dims.includes(0n) ? 0 : count;
}

/** Checks a constant and returns how many bytes it takes in raw form (what an external file must hold). */
export function checkTensor(subject: string, tensor: TensorProto): number {
  const where = `${subject} "${printable(tensor.name)}"`;
  const type = elementType(tensor.dataType);
  if (!type) return reject(`${where}, data_type`, "must be an element type of ONNX", tensor.dataType);
  const elements = countElements(where, tensor.dims);
  const byteLength = Math.ceil((elements * type.bits) / 8);
  if (tensor.dataLocation === Location.EXTERNAL) {
    if (type.name === "string") reject(`${where}, data_location`, "strings cannot be external", "EXTERNAL");
    return byteLength;
  }
  const held = tensor.rawData.byteLength;
  if (held > 0 && type.name !== "string") {
    if (held !== byteLength)
      reject(
        `${where}, raw_data`,
        `must be the ${byteLength} bytes of ${elements} ${type.name} values`,
        `${held} bytes`,
      );
    return byteLength;
  }
  const listed = tensor[type.field].length;
  const expected = type.bits === 4 ? Math.ceil(elements / 2) : elements * (type.name.startsWith("complex") ? 2 : 1);
  if (listed !== expected)
    reject(`${where}, ${type.field}`, `must hold ${expected} values for dims [${tensor.dims.join(", ")}]`, listed);
  return byteLength;
}
