/**
 * @file How much memory would decoding take? Two bytes of protobuf can become an object of hundreds of bytes, so a small
 * hostile file could exhaust the process before any check of its content. This walk allocates nothing.
 */
import { ScalarType } from "@bufbuild/protobuf";
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

const messageBytes = 400; // one decoded message, measured roughly on NodeProto and AttributeProto
const elementBytes = 32; // one BigInt, or one short string, with its slot

/** An estimate, in bytes of heap, of the decoded form of `bytes`. Throws on malformed protobuf or deep nesting. */
export function decodedBytes(schema: DescMessage, bytes: Uint8Array, maxDepth: number): number {
  const reader = new BinaryReader(bytes);
  let total = 0;
  const walk = (message: DescMessage, end: number, depth: number): void => {
    if (depth > maxDepth) throw new Error(`nesting deeper than ${maxDepth} messages`);
    total += messageBytes;
    const fields = fieldsOf(message);
    while (reader.pos < end) {
      const [number, wireType] = reader.tag();
      const field = fields.get(number);
      if (wireType !== WireType.LengthDelimited) {
        total += elementBytes;
        reader.skip(wireType, number);
        continue;
      }
      const length = reader.uint32();
      const next = reader.pos + length;
      if (next > end)
        throw new Error(`field ${message.name}.${field?.name ?? number} runs ${next - end} bytes past its end`);
      const child = field?.message;
      if (child) walk(child, next, depth + 1);
      else total += isVarintList(field) ? length * elementBytes : elementBytes;
      reader.pos = next;
    }
  };
  walk(schema, bytes.byteLength, 1);
  return total;
}

const fieldCache = new WeakMap<DescMessage, Map<number, DescField>>();

function fieldsOf(message: DescMessage): Map<number, DescField> {
  let fields = fieldCache.get(message);
  if (!fields) {
    fields = new Map(message.fields.map((field) => [field.number, field]));
    fieldCache.set(message, fields);
  }
  return fields;
}

function isVarintList(field: DescField | undefined): boolean {
  if (field?.fieldKind !== "list" || field.listKind !== "scalar") return false;
  return field.scalar === ScalarType.INT64 || field.scalar === ScalarType.UINT64 || field.scalar === ScalarType.INT32;
}
