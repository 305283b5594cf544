/** @file Where X lies when it is not in the shared memory, and how a thread brings rows of it in. */
import { closeSync, openSync, readSync } from "node:fs";
import type { DecodeOutside, KernelExports } from "./module.ts";
import { readCompiled, webAssembly, type CompiledModule, type SharedMemory } from "./web-assembly.ts";

/** Rows of `stride` bytes (padded) in memories of their own, of `chunkRows` rows each. */
interface BufferSource {
  readonly kind: "buffer";
  readonly chunks: readonly SharedMemory[];
  readonly chunkRows: number;
  readonly stride: number;
}

/** Rows of `cols` float32 in a file, without padding. */
export interface FileSource {
  readonly kind: "file";
  readonly path: string;
  readonly cols: number;
  readonly stride: number;
}

export type Source = BufferSource | FileSource;

/** A source as one thread has opened it. */
export interface OpenSource {
  /** Copies rows first .. first+count-1, padded, to `to`. */
  bring(first: number, count: number, to: number): void;
  /** Decodes parts of rows (assembly/strips.ts) from where they lie; absent where they must be brought. */
  readonly decode?: DecodeOutside;
  /** Copies rows, padded, from `from` to their place. */
  send(first: number, count: number, from: number): void;
  close(): void;
}

type Kernels = Pick<KernelExports, "spreadRows">;

export function openSource(source: Source, memory: SharedMemory, kernels: Kernels): OpenSource {
  return source.kind === "buffer" ? openBuffer(source, memory) : openFile(source, memory, kernels);
}

/** The bytes from `at` on; another thread's growth of the memory may not have reached this thread's buffer yet. */
function bytesAt(memory: SharedMemory, at: number, length: number): Uint8Array {
  if (memory.buffer.byteLength < at + length) memory.grow(0);
  return new Uint8Array(memory.buffer, at, length);
}

export function wordsAt(memory: SharedMemory, at: number, count: number): Int32Array {
  const { buffer, byteOffset } = bytesAt(memory, at, count * 4);
  return new Int32Array(buffer, byteOffset, count);
}

const COPY = new URL("../../../dist/copy.wasm", import.meta.url);
let copying: CompiledModule | undefined;

type Copy = (to: number, from: number, bytes: number) => void;
type Decode = (
  to: number,
  from: number,
  rows: number,
  bytes: number,
  shift: number,
  toStride: number,
  fromStride: number,
) => void;

/** What goes from one memory to another. */
interface Between {
  readonly copy: Copy;
  readonly decode: Decode;
}

/** The exports of assembly/copy.wat, which is compiled once per thread. */
function between(from: SharedMemory, to: SharedMemory): Between {
  copying ??= new webAssembly.Module(readCompiled(COPY));
  const instance = new webAssembly.Instance(copying, { to: { memory: to }, from: { memory: from } });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what packages/core/assembly/copy.wat exports
  return instance.exports as Between;
}

function openBuffer({ chunks, chunkRows, stride }: BufferSource, memory: SharedMemory): OpenSource {
  const reading = chunks.map((chunk) => between(chunk, memory));
  let sending: Between[] | undefined; // most threads only read
  const outside = (row: number): never => {
    throw new Error(`features: row ${row} is outside the buffers`);
  };
  /** Rows first .. first+count-1 cut at the chunks' ends: how many, where they lie in theirs, and how many were before. */
  const walk = (
    chunks: readonly Between[],
    first: number,
    count: number,
    each: (chunk: Between, at: number, before: number, rows: number) => void,
  ): void => {
    for (let row = first; row < first + count;) {
      const start = row % chunkRows;
      const rows = Math.min(first + count - row, chunkRows - start);
      each(chunks[Math.floor(row / chunkRows)] ?? outside(row), start * stride, row - first, rows);
      row += rows;
    }
  };
  return {
    bring: (first, count, to) =>
      walk(reading, first, count, ({ copy }, at, before, rows) => copy(to + before * stride, at, rows * stride)),
    decode(row, index, rows, at, bytes, shift, to, wide) {
      if (index === 0) {
        walk(reading, row, rows, ({ decode }, from, before, count) =>
          decode(to + before * wide, from + at, count, bytes, shift, wide, stride),
        );
        return;
      }
      const named = wordsAt(memory, index, rows);
      for (let i = 0; i < rows; i++) {
        walk(reading, named[i]!, 1, ({ decode }, from) =>
          decode(to + i * wide, from + at, 1, bytes, shift, wide, stride),
        );
      }
    },
    send(first, count, from) {
      sending ??= chunks.map((chunk) => between(memory, chunk));
      walk(sending, first, count, ({ copy }, at, before, rows) => copy(at, from + before * stride, rows * stride));
    },
    close: () => {},
  };
}

function openFile({ path, cols, stride }: FileSource, memory: SharedMemory, kernels: Kernels): OpenSource {
  const handle = openSync(path, "r");
  const width = cols * 4;
  return {
    bring(first, count, to) {
      // Without padding the rows are read to the end of their place, then spread from the front.
      const at = to + count * (stride - width);
      const view = bytesAt(memory, at, count * width);
      for (let done = 0; done < view.length;) {
        const got = readSync(handle, view, done, view.length - done, first * width + done);
        if (got === 0) throw new Error(`${path}: ends before row ${first + count}; the file was changed while in use`);
        done += got;
      }
      if (width !== stride) kernels.spreadRows(at, to, count, cols, stride);
    },
    send: () => {
      throw new Error(`${path}: files are only read`);
    },
    close: () => closeSync(handle),
  };
}
