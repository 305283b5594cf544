/** @file Moving elements between typed arrays of any one kind. */

/** Anything a model can be fed from. float16 is a Float16Array; bool is one byte an element. */
export type InputArray =
  | Float32Array
  | Float64Array
  | Float16Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A zeroed array of the same kind. */
export function emptyLike<A extends InputArray>(data: A, length: number): A {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type system does not know an array's own constructor
  return new (data.constructor as new (length: number) => A)(length);
}

/** Copies `count` elements between two arrays of the same kind. */
export function copyElements<A extends InputArray>(from: A, start: number, to: A, at: number, count: number): void {
  const size = from.BYTES_PER_ELEMENT;
  const source = new Uint8Array(from.buffer, from.byteOffset + start * size, count * size);
  new Uint8Array(to.buffer, to.byteOffset + at * size, count * size).set(source);
}
