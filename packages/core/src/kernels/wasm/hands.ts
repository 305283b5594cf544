/** @file What the calling thread and every worker do alike: claim row partitions until none is left. */
import { CONTROL, JOB, lowMemory, SCRATCH, STAGE } from "./job.ts";
import { instantiate, OPERATIONS, type KernelExports, type Operation } from "./module.ts";
import { openSource, wordsAt, type OpenSource, type Source } from "./sources.ts";
import type { CompiledModule, SharedMemory } from "./web-assembly.ts";

export interface Hands {
  readonly kernels: KernelExports;
  /** Works on the job in the shared memory until its partitions are all claimed. */
  work(): void;
  /** Makes an outside storage of X known under an id, or forgets it. */
  know(id: number, source: Source): void;
  forget(id: number): void;
  /** The storage of that id. */
  source(id: number): OpenSource;
}

/** `thread` is 0 for the calling thread. */
export function createHands(module: CompiledModule, memory: SharedMemory, thread: number): Hands {
  const kernels = instantiate(module, memory, (...part) => source(word(CONTROL.source)).decode?.(...part));
  const { control, words, get } = lowMemory(memory);
  const sources = new Map<number, OpenSource>();
  const word = (index: number): number => words[index] ?? 0;

  /** Brings rows in and returns where they begin; the first row's number where a kernel decodes them itself. */
  function bring(first: number, count: number, stride: number): number {
    if (get("outside") === 1) return first;
    const id = word(CONTROL.source);
    if (id === 0) return word(CONTROL.x) + (word(CONTROL.gather) === 1 ? 0 : first * stride);
    const to = word(STAGE / 4 + thread);
    if (word(CONTROL.gather) === 0) source(id).bring(first, count, to);
    else gather(first, count, to, stride);
    return to;
  }

  /** Brings `count` rows of job.order, from its entry `first` on. */
  function gather(first: number, count: number, to: number, stride: number): void {
    const from = source(word(CONTROL.source));
    // Row numbers may lie anywhere in the heap, so they are read through a fresh view.
    const rows = wordsAt(memory, get("order") + first * 4, count);
    for (let i = 0; i < count; i++) from.bring(rows[i] ?? 0, 1, to + i * stride);
  }

  function source(id: number): OpenSource {
    const found = sources.get(id);
    if (found === undefined) throw new Error(`features: storage ${id} is not known to thread ${thread}`);
    return found;
  }

  function workOn(part: number): void {
    const start = part * word(CONTROL.partRows);
    const end = Math.min(get("rows"), start + word(CONTROL.partRows));
    const stride = get("stride");
    const operation: Operation | undefined = OPERATIONS[word(CONTROL.operation)];
    if (operation === undefined) throw new Error(`operation ${word(CONTROL.operation)} is not known`);
    const scratch = word(SCRATCH / 4 + thread);
    const acc = get("acc") + part * get("accStride");
    kernels.clear(acc, get("accStride"));
    const blocks = Math.ceil((end - start) / get("blockRows"));
    const step = operation.blocks === true ? 3 * Math.ceil((end - start) / blocks / 3) : end - start;
    for (let row = start; row < end; row += step) {
      const count = Math.min(step, end - row);
      const x = operation.blocks === false ? 0 : bring(row, count, stride);
      kernels[operation.name](JOB, scratch, acc, x, row, count);
      if (operation.writes === true && word(CONTROL.source) !== 0) source(word(CONTROL.source)).send(row, count, x);
    }
  }

  return {
    kernels,
    work() {
      const parts = get("parts");
      for (;;) {
        const part = Atomics.add(control, CONTROL.nextPart, 1);
        if (part >= parts) return;
        workOn(part);
      }
    },
    know: (id, from) => void sources.set(id, openSource(from, memory, kernels)),
    forget(id) {
      sources.get(id)?.close();
      sources.delete(id);
    },
    source,
  };
}
