/**
 * @file Buffers outside the shared memory, for features too large for it. Workers hear of a buffer by message and
 * nothing frees it there at once, so buffers are kept and used again, never dropped before the runtime ends.
 */
import type { Crew } from "./crew.ts";
import type { FileSource } from "./sources.ts";
import { PAGE, webAssembly, type SharedMemory } from "./web-assembly.ts";

const CHUNK_BYTES = 2 ** 28;

interface TakenBuffers {
  readonly id: number;
  readonly chunks: readonly SharedMemory[];
  readonly chunkRows: number;
}

export interface BufferPool {
  /** Room for `rows` rows of `stride` bytes. */
  take(rows: number, stride: number): TakenBuffers;
  give(id: number): void;
  /** Makes a file known to all threads. */
  open(source: FileSource): number;
  close(id: number): void;
}

export function createBufferPool(crew: Crew): BufferPool {
  const idle: SharedMemory[] = [];
  const taken = new Map<number, readonly SharedMemory[]>();
  let lastId = 0;

  return {
    take(rows, stride) {
      lastId += 1;
      const chunkRows = Math.max(1, Math.floor(CHUNK_BYTES / stride));
      const chunks = Array.from({ length: Math.ceil(rows / chunkRows) }, () => {
        const size = Math.max(CHUNK_BYTES, stride);
        const found = idle.findIndex((chunk) => chunk.buffer.byteLength >= size);
        return (found < 0 ? undefined : idle.splice(found, 1)[0]) ?? memoryOf(size);
      });
      taken.set(lastId, chunks);
      crew.know(lastId, { kind: "buffer", chunks, chunkRows, stride });
      return { id: lastId, chunks, chunkRows };
    },
    give(id) {
      idle.push(...(taken.get(id) ?? []));
      taken.delete(id);
      crew.forget(id);
    },
    open(source) {
      lastId += 1;
      crew.know(lastId, source);
      return lastId;
    },
    close: (id) => crew.forget(id),
  };
}

/** A memory, not an array's buffer: copying from memory to memory (assembly/copy.wat) is up to twice as quick. */
function memoryOf(bytes: number): SharedMemory {
  const pages = Math.ceil(bytes / PAGE);
  return new webAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}
