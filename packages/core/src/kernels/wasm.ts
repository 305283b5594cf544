/**
 * @file The wasm back end: AssemblyScript kernels (packages/core/assembly) in one shared memory, worker threads that
 * claim fixed row partitions. Products are float32 with float64 sums; nothing depends on the number of threads or on
 * where X is kept, and on the machine only through its arithmetic (arithmetic.ts).
 */
import { arithmetic, type Arithmetic } from "../arithmetic.ts";
import { reject } from "../errors.ts";
import type { Features, Runtime } from "./kernels.ts";
import { createBufferPool } from "./wasm/buffer-pool.ts";
import { type Convolution, knowConvolution } from "./wasm/convolved.ts";
import { createCrew } from "./wasm/crew.ts";
import { denseLeakyRelu, meanRowNorm, rectified } from "./wasm/dense.ts";
import { createWriter } from "./wasm/features.ts";
import { HEAP_BASE, MAX_THREADS } from "./wasm/job.ts";
import { mergedColumns } from "./wasm/merge.ts";
import { kernelModule } from "./wasm/module.ts";
import { bindWasm } from "./wasm/problem.ts";
import { sweepsTogether } from "./wasm/sweep.ts";
import { backwardTogether, valueTogether } from "./wasm/together.ts";
import { PAGE, webAssembly } from "./wasm/web-assembly.ts";
import { weightedRows } from "./wasm/weighted-rows.ts";
import { createWorkspace } from "./wasm/workspace.ts";
import { weightedRowsOf } from "./weighted-rows.ts";

export interface WasmRuntimeOptions {
  /** The calling thread and threads - 1 workers. */
  readonly threads: number;
  /** Most that the kernels' memory may grow to; default 3.5 GiB, at most 4 GiB less 64 KiB. */
  readonly memoryBytes?: number;
  /** Default: this machine's. The other one has other bits. */
  readonly arithmetic?: Arithmetic;
}

/** What this back end can do beyond the contract. */
export interface WasmRuntime extends Runtime {
  /**
   * max(H, slope·H), H = X W, for weights [d, outputs] row by row and slope 0..1: an untrained network's layer. Its
   * sums run over the inputs in order, in float32, so that the bits are the same on every machine of this arithmetic. A
   * product that overflows float32 is not noticed here.
   */
  denseLeakyRelu(features: Features, weights: Float32Array, outputs: number, slope: number): Features;
  /** max(X, 0) in the place of `features`, which end as if released; so must their `head`s. Those of files are refused. */
  rectified(features: Features): Features;
  /**
   * Column g of Y is the sum of the columns of X in groups[g] over the root of their number; every column is in one group.
   * As Y = X G with GᵀG = I, a probe with weights V on Y is one with V Gᵀ on X: the same logits, the same norm.
   */
  mergedColumns(features: Features, groups: readonly Int32Array[]): Features;
  /**
   * Tells that the features are a convolution of others, which must outlive them: a minibatch sweep then makes its products
   * on those, the same to rounding. Nothing else changes. The first and the last row are held against it.
   */
  knowConvolution(features: Features, convolution: Convolution): void;
  /** Mean over the rows of ‖x‖₂. */
  meanRowNorm(features: Features): number;
}

export async function createWasmRuntime({
  threads,
  memoryBytes = 3.5 * 2 ** 30,
  arithmetic: build = arithmetic(),
}: WasmRuntimeOptions): Promise<WasmRuntime> {
  if (!(Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS)) {
    reject("threads", `must be 1..${MAX_THREADS}`, threads);
  }
  const maximum = Math.floor(memoryBytes / PAGE);
  if (!(maximum >= 16 && maximum <= 65535)) reject("memoryBytes", "must be 1 MiB to 4 GiB less 64 KiB", memoryBytes);
  const memory = new webAssembly.Memory({ initial: HEAP_BASE / PAGE, maximum, shared: true });
  const crew = await createCrew(await kernelModule(build), memory, threads);
  const workspace = createWorkspace(memory, crew, maximum * PAGE);
  const pool = createBufferPool(crew);
  const runtime: WasmRuntime = {
    backend: "wasm",
    threads,
    createFeatures: (options) => createWriter(workspace, pool, maximum * PAGE, options),
    bind: (features, binding) => bindWasm(workspace, features, binding),
    valueTogether: (products) => valueTogether(workspace, products),
    backwardTogether: (products) => backwardTogether(workspace, products),
    sweepsTogether: (products) => sweepsTogether(workspace, products),
    weightedRows: (features, sample) =>
      weightedRows(workspace, features, sample) ?? weightedRowsOf(runtime, features, sample),
    denseLeakyRelu: (features, weights, outputs, slope) => denseLeakyRelu(workspace, features, weights, outputs, slope),
    rectified: (features) => rectified(workspace, features),
    mergedColumns: (features, groups) => mergedColumns(workspace, features, groups),
    knowConvolution,
    meanRowNorm: (features) => meanRowNorm(workspace, features),
    dispose: () => crew.dispose(),
  };
  return runtime;
}
