/** @file What a runtime's parts share: memory, threads, and named scratch buffers that grow to the largest job seen. */
import { reject } from "../../errors.ts";
import type { Crew } from "./crew.ts";
import { createHeap, type Heap } from "./heap.ts";
import { CONTROL, JOB, SCRATCH, STAGE, type JobFields } from "./job.ts";
import { OPERATIONS, type KernelExports, type Operation, type OperationName } from "./module.ts";
import type { SharedMemory } from "./web-assembly.ts";

/** Where X lies, for a job that traverses it. */
export interface Location {
  /** Id of the outside storage, or 0 for the shared memory. */
  readonly source: number;
  /** First byte in the shared memory, when source is 0. */
  readonly x: number;
  /** Bytes from row to row. */
  readonly stride: number;
}

export interface Workspace {
  readonly memory: SharedMemory;
  readonly heap: Heap;
  readonly crew: Crew;
  readonly kernels: KernelExports;
  /** Address of the buffer of that name, at least `bytes` long. Growing loses its contents. */
  slot(name: string, bytes: number): number;
  /** Copies numbers into the slot of that name. */
  put(name: string, values: Float64Array | Float32Array | Int32Array): number;
  floats(at: number, count: number): Float64Array;
  bytes(at: number, count: number): Uint8Array;
  job(fields: JobFields): void;
  /** Sets the partitions of `rows` rows, their sums (head and `body` bytes) and each thread's scratch. */
  partition(rows: number, body: number, options?: PartitionOptions): void;
  /** Points the job at X; `gather`: the rows to bring are those of job.order. */
  locate(location: Location, gather?: boolean): void;
  run(name: OperationName, alone?: boolean): void;
  /** Allocates or throws. */
  allocate(bytes: number, what: string): number;
  /** Who last filled the slots of labels and shift. */
  resident: object | undefined;
}

interface PartitionOptions {
  readonly forGram?: boolean;
  readonly maxParts?: number;
}

/**
 * Rows of a block, a multiple of 3: about 256 KiB of a strip, so that it stays in the second cache; and when rows are
 * wide about 1.25 MiB in all, so that what is decoded for the margins is still in a cache when the gradient reads it.
 */
function blockRowsFor(cols: number): number {
  const strip = Math.min(85, Math.floor(2 ** 18 / (12 * Math.min(STRIP_COLUMNS, cols))));
  return 3 * Math.min(strip, Math.max(4, Math.floor((5 * 2 ** 18) / (12 * cols))));
}

/** Columns of a strip (assembly/strips.ts): what one thread works on at a time. */
export const STRIP_COLUMNS = 1008;

/** Rows of a partition; depends on the shape only, so that results do not depend on the threads. */
function partRowsFor(rows: number, maxParts: number): number {
  const parts = Math.min(maxParts, Math.ceil(rows / 256));
  return 3 * Math.ceil(rows / parts / 3);
}

/** Operations that decode X themselves. With two classes they do not: they read it where it lies. */
const decoding = new Set<OperationName>(
  OPERATIONS.filter((one: Operation) => one.outside === true).map(({ name }) => name),
);

const ACC_HEAD = 32;
const MAX_PARTS = 16;

export function createWorkspace(memory: SharedMemory, crew: Crew, maximumBytes: number): Workspace {
  const heap = createHeap(memory, maximumBytes);
  const slots = new Map<string, { at: number; bytes: number }>();
  const { kernels } = crew.hands;
  const { control, words } = crew.low;

  function allocate(bytes: number, what: string): number {
    return (
      heap.allocate(bytes) ??
      reject(what, `must fit the kernels' memory of ${maximumBytes} bytes`, bytes, "use storage buffer or file")
    );
  }

  function slot(name: string, bytes: number): number {
    const had = slots.get(name);
    if (had !== undefined && had.bytes >= bytes) return had.at;
    if (had !== undefined) heap.free(had.at);
    slots.delete(name);
    const at = allocate(bytes, name);
    slots.set(name, { at, bytes });
    return at;
  }

  /** Whether the operation takes X straight from where it lies outside, with no copy of whole rows. */
  function decodesOutside(name: OperationName): boolean {
    const id = words[CONTROL.source] ?? 0;
    if (id === 0 || !decoding.has(name) || crew.low.get("classes") === 2) return false;
    return crew.hands.source(id).decode !== undefined;
  }

  const workspace: Workspace = {
    memory,
    heap,
    crew,
    kernels,
    resident: undefined,
    slot,
    put(name, values) {
      const at = slot(name, values.byteLength + 64); // what reads whole vectors may look past the end
      if (values instanceof Float64Array) new Float64Array(memory.buffer, at, values.length).set(values);
      else if (values instanceof Float32Array) new Float32Array(memory.buffer, at, values.length).set(values);
      else new Int32Array(memory.buffer, at, values.length).set(values);
      return at;
    },
    floats: (at, count) => new Float64Array(memory.buffer, at, count),
    bytes: (at, count) => new Uint8Array(memory.buffer, at, count),
    job: (fields) => crew.low.set(fields),
    partition(rows, body, { forGram = false, maxParts = MAX_PARTS } = {}) {
      const classes = crew.low.get("classes");
      const blockRows = blockRowsFor(crew.low.get("cols"));
      const partRows = partRowsFor(rows, maxParts);
      const parts = Math.ceil(rows / partRows);
      const accStride = 64 * Math.ceil((ACC_HEAD + 8 * (classes + (classes & 1)) + body) / 64);
      control[CONTROL.partRows] = partRows;
      crew.low.set({ rows, blockRows, parts, accStride, acc: slot("sums", parts * accStride) });
      const scratch = 64 * Math.ceil(kernels.scratchBytes(JOB, forGram ? 1 : 0) / 64);
      const each = slot("scratch", scratch * crew.threads);
      for (let t = 0; t < crew.threads; t++) words[SCRATCH / 4 + t] = each + t * scratch;
    },
    locate({ source, x, stride }, gather = false) {
      words[CONTROL.source] = source;
      words[CONTROL.x] = x;
      control[CONTROL.gather] = gather ? 1 : 0;
      crew.low.set({ stride });
      if (source === 0) return;
      const bytes = 64 * Math.ceil((crew.low.get("blockRows") * stride + 64) / 64);
      const each = slot("stage", bytes * crew.threads);
      for (let t = 0; t < crew.threads; t++) words[STAGE / 4 + t] = each + t * bytes;
    },
    run(name, alone = false) {
      const decodes = decodesOutside(name);
      if (decodes && control[CONTROL.gather] === 1) crew.low.set({ index: crew.low.get("order") });
      crew.low.set({ outside: decodes ? 1 : 0 });
      crew.run(name, alone);
    },
    allocate,
  };
  return workspace;
}
