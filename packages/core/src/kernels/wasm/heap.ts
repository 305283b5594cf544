/** @file First-fit storage in the shared memory, by the thread that owns the runtime. Grows on demand, never shrinks. */
import { HEAP_BASE } from "./job.ts";
import { PAGE, type SharedMemory } from "./web-assembly.ts";

const ALIGN = 64;

export interface Heap {
  /** Address of `bytes` bytes (contents undefined), or undefined when they cannot be had. */
  allocate(bytes: number): number | undefined;
  free(address: number): void;
  /** Bytes handed out and not yet freed. */
  readonly used: number;
}

interface Span {
  at: number;
  bytes: number;
}

export function createHeap(memory: SharedMemory, maximumBytes: number): Heap {
  const free: Span[] = []; // by address, never adjacent
  const taken = new Map<number, number>();
  let end = memory.buffer.byteLength; // of what is managed
  let used = 0;
  if (end > HEAP_BASE) free.push({ at: HEAP_BASE, bytes: end - HEAP_BASE });

  function grow(bytes: number): boolean {
    const last = free.at(-1);
    const have = last !== undefined && last.at + last.bytes === end ? last.bytes : 0;
    const pages = Math.ceil((bytes - have) / PAGE);
    if (end + pages * PAGE > maximumBytes) return false;
    try {
      memory.grow(pages);
    } catch {
      return false;
    }
    give({ at: end, bytes: pages * PAGE });
    end += pages * PAGE;
    return true;
  }

  function give(span: Span): void {
    const found = free.findIndex((other) => other.at > span.at);
    const i = found < 0 ? free.length : found;
    free.splice(i, 0, span);
    join(i);
    join(i - 1);
  }

  /** Joins span i with the next if they touch. */
  function join(i: number): void {
    const span = free[i];
    const next = free[i + 1];
    if (span === undefined || next === undefined || span.at + span.bytes !== next.at) return;
    span.bytes += next.bytes;
    free.splice(i + 1, 1);
  }

  function take(bytes: number): number | undefined {
    const i = free.findIndex((span) => span.bytes >= bytes);
    const span = free[i];
    if (span === undefined) return undefined;
    const at = span.at;
    span.at += bytes;
    span.bytes -= bytes;
    if (span.bytes === 0) free.splice(i, 1);
    taken.set(at, bytes);
    used += bytes;
    return at;
  }

  return {
    allocate(wanted) {
      const bytes = Math.max(1, Math.ceil(wanted / ALIGN)) * ALIGN;
      return take(bytes) ?? (grow(bytes) ? take(bytes) : undefined);
    },
    free(address) {
      const bytes = taken.get(address);
      if (bytes === undefined) throw new Error(`heap: ${address} is not allocated`);
      taken.delete(address);
      used -= bytes;
      give({ at: address, bytes });
    },
    get used() {
      return used;
    },
  };
}
