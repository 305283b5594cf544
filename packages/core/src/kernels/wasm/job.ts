/**
 * @file The fixed low addresses of the shared memory: control words, the job, each thread's scratch. Fields of the job
 * are in the order of the class Job in packages/core/assembly/job.ts: change both together.
 */
import type { SharedMemory } from "./web-assembly.ts";

const FLOAT_FIELDS = ["t", "slope", "rate", "epsilon", "decay", "l2", "lipschitz", "shrink"] as const;
const WORD_FIELDS = [
  "rows",
  "cols",
  "stride",
  "classes",
  "live",
  "blockRows",
  "parts",
  "acc",
  "accStride",
  "labels",
  "shift",
  "weights",
  "bias",
  "margins",
  "direction",
  "index",
  "rowWeights",
  "source",
  "out",
  "outBias",
  "outCols",
  "outStride",
  "order",
  "orderLength",
  "batch",
  "theta",
  "square",
  "penalty",
  "columnRate",
  "columnEpsilon",
  "biasSquare",
  "sums",
  "sumsParts",
  "sumsStride",
  "residuals",
  "method",
  "lineSearch",
  "seen",
  "seenCount",
  "gradientBias",
  "filters",
  "height",
  "width",
  "side",
  "kernels",
  "constants",
  "convolved",
  "outside",
] as const;

type FloatField = (typeof FLOAT_FIELDS)[number];
type WordField = (typeof WORD_FIELDS)[number];
export type JobFields = { readonly [F in FloatField | WordField]?: number };

/** Int32 control words from address 0. */
export const CONTROL = {
  generation: 0, // counts dispatches; workers wait for it to change
  nextPart: 1, // the partition to claim next
  pending: 2, // workers that have not yet finished
  operation: 3, // index in OPERATIONS
  source: 4, // id of the features' outside storage; 0 when x lies in the shared memory
  x: 5, // first byte of X in the shared memory
  partRows: 6, // rows of a partition
  gather: 7, // 1: the rows to bring are those in job.order
  failed: 8, // 1: a worker wrote its reason to REASON
  quit: 9,
} as const;

export const JOB = 256;
/** From here on, to SCRATCH: constants (assembly/math.ts). */
const CONSTANTS = 512;
/** u32 addresses: scratch of each thread, then where each brings rows from outside. */
export const SCRATCH = 1024;
export const STAGE = 1536;
export const MAX_THREADS = 64;
/** Length (u32) and UTF-8 text of a worker's failure. */
export const REASON = 2048;
export const REASON_BYTES = 2000;

/** Looks of a thread that waits before it sleeps: about a millisecond, so that short jobs in a row pay for no wake-up. */
export const SPINS = 200_000;
/** First address that the heap may hand out. */
export const HEAP_BASE = 65536;

/** Views of the low addresses; they stay valid when the memory grows. */
export interface LowMemory {
  readonly control: Int32Array;
  readonly words: Uint32Array; // the whole first page
  readonly get: (field: WordField) => number;
  readonly getFloat: (field: FloatField) => number;
  set(fields: JobFields): void;
}

const JOB_END = JOB + 8 * FLOAT_FIELDS.length + 4 * WORD_FIELDS.length;
// Else a field would be written over what exp is computed of, and softmaxes be wrong in their third digit.
if (JOB_END > CONSTANTS) throw new Error(`the job's fields must end before byte ${CONSTANTS}, not at ${JOB_END}`);

const floatAt = new Map<string, number>(FLOAT_FIELDS.map((name, i) => [name, JOB / 8 + i]));
const wordAt = new Map<string, number>(WORD_FIELDS.map((name, i) => [name, (JOB + FLOAT_FIELDS.length * 8) / 4 + i]));

export function lowMemory(memory: SharedMemory): LowMemory {
  const words = new Uint32Array(memory.buffer, 0, HEAP_BASE / 4);
  const floats = new Float64Array(memory.buffer, 0, HEAP_BASE / 8);
  return {
    control: new Int32Array(memory.buffer, 0, 64),
    words,
    get: (field) => words[wordAt.get(field) ?? -1] ?? Number.NaN,
    getFloat: (field) => floats[floatAt.get(field) ?? -1] ?? Number.NaN,
    set(fields) {
      for (const [name, value] of Object.entries(fields)) {
        const word = wordAt.get(name);
        if (word === undefined) floats[floatAt.get(name) ?? -1] = value;
        else words[word] = value;
      }
    },
  };
}
