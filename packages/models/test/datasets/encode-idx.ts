/** @file Writes idx, independently of the reader under test: through DataView, value by value. */

const IDX_WRITERS = {
  0x08: [1, (view: DataView, at: number, value: number) => view.setUint8(at, value)],
  0x09: [1, (view: DataView, at: number, value: number) => view.setInt8(at, value)],
  0x0b: [2, (view: DataView, at: number, value: number) => view.setInt16(at, value)],
  0x0c: [4, (view: DataView, at: number, value: number) => view.setInt32(at, value)],
  0x0d: [4, (view: DataView, at: number, value: number) => view.setFloat32(at, value)],
  0x0e: [8, (view: DataView, at: number, value: number) => view.setFloat64(at, value)],
} as const;

export type IdxTypeByte = keyof typeof IDX_WRITERS;

export function encodeIdx(type: IdxTypeByte, shape: readonly number[], values: ArrayLike<number>): Uint8Array {
  const [bytes, write] = IDX_WRITERS[type];
  const start = 4 + 4 * shape.length;
  const view = new DataView(new ArrayBuffer(start + bytes * values.length));
  view.setUint32(0, type * 256 + shape.length);
  shape.forEach((length, axis) => view.setUint32(4 + 4 * axis, length));
  for (let i = 0; i < values.length; i++) write(view, start + bytes * i, values[i] ?? 0);
  return new Uint8Array(view.buffer);
}
