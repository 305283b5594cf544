/** @file The compiled kernels: their names, and where they are found. */
import type { Arithmetic } from "../../arithmetic.ts";
import { readCompiled, webAssembly, type CompiledModule, type SharedMemory } from "./web-assembly.ts";

/**
 * Jobs over partitions, by export name; `blocks` brings X in block by block, else a call does a partition, and finds X at
 * its first row where it is "whole"; what such a kernel `writes` in X goes back to where X lies. Those that take X by `decode`
 * alone may do so from `outside`, where a copy of whole rows would cost a fifth of a pass over many columns.
 */
export const OPERATIONS = [
  { name: "fused", blocks: true, outside: true },
  { name: "fusedWhole", blocks: "whole" },
  { name: "forward", blocks: true, outside: true },
  { name: "backward", blocks: true, outside: true },
  { name: "hessian", blocks: true, outside: true },
  { name: "evaluate", blocks: true, outside: true },
  { name: "forwardExact", blocks: true, outside: true },
  { name: "backwardExact", blocks: true, outside: true },
  { name: "gram", blocks: true },
  { name: "columnSums", blocks: true },
  { name: "rowNorms", blocks: true },
  { name: "dense", blocks: true },
  { name: "rectify", blocks: true, writes: true },
  { name: "mergeColumns", blocks: true },
  { name: "fusedTogether", blocks: true },
  { name: "backwardTogether", blocks: true },
  { name: "along", blocks: false },
  { name: "advance", blocks: false },
  { name: "addBias", blocks: false },
  { name: "moments", blocks: false },
  { name: "score", blocks: false },
  { name: "probabilities", blocks: false },
  { name: "sweepRows", blocks: true, outside: true },
  { name: "sweepWeights", blocks: false },
  { name: "convolvedClasses", blocks: false },
] as const;

type KernelName = (typeof OPERATIONS)[number]["name"];
export interface Operation {
  readonly name: KernelName;
  readonly blocks: boolean | "whole";
  readonly writes?: true;
  readonly outside?: true;
}
export type OperationName = KernelName;

type PartitionKernel = (job: number, scratch: number, acc: number, x: number, row0: number, rows: number) => void;

/** The exports of either build. `job` is always the address JOB. */
export interface KernelExports extends Record<KernelName, PartitionKernel> {
  readonly sweep: PartitionKernel;
  sweepBias(job: number): number;
  convolvedBytes(job: number): number;
  /** Of `count` jobs, jobBytes apart, that start at `jobs`. */
  sweepTogether(jobs: number, count: number, scratch: number, x: number): void;
  /** Entries row0 .. row0+rows-1 of job.order. */
  readonly rowSweep: PartitionKernel;
  /** Bytes from one job to the next where several follow one another. */
  jobBytes(): number;
  rowScratchBytes(job: number): number;
  shadowWeights(job: number): void;
  /** Writes the constants of exp; once for each memory. */
  prepare(): void;
  clear(at: number, bytes: number): void;
  reduce(job: number): void;
  packWeights(job: number): void;
  packWeightsExact(job: number): void;
  packDense(job: number): void;
  finishGradient(job: number): void;
  finishGradientExact(job: number): void;
  finishGram(job: number): void;
  weightBytes(job: number): number;
  gradientBytes(job: number): number;
  gramBytes(job: number): number;
  scratchBytes(job: number, forGram: number): number;
  accBody(job: number): number;
  firstNotFinite(x: number, rows: number, cols: number, stride: number): number;
  spreadRows(from: number, to: number, rows: number, cols: number, stride: number): void;
  /** X and its stride, the rows' numbers, their weights and count; then the columns, their maps, and where the rows go. */
  weightedRows(
    x: number,
    xStride: number,
    index: number,
    weights: number,
    count: number,
    cols: number,
    shift: number,
    scale: number,
    to: number,
    stride: number,
  ): void;
  /** Counts and sides, then the addresses (assembly/pooled-convolution.ts). */
  pooledConvolutionGradient(
    count: number,
    filters: number,
    height: number,
    width: number,
    images: number,
    values: number,
    pooled: number,
    gradient: number,
    weights: number,
    bias: number,
    scratch: number,
  ): void;
  /** θ, the gradient, a second one or 0, the accumulator; then the count, l2 and the settings (assembly/optimizers.ts). */
  momentumStep(
    theta: number,
    g: number,
    h: number,
    v: number,
    count: number,
    l2: number,
    rate: number,
    momentum: number,
  ): void;
  adamStep(
    theta: number,
    g: number,
    h: number,
    m: number,
    s: number,
    count: number,
    l2: number,
    rate: number,
    scale: number,
    epsilon: number,
    beta1: number,
    rest1: number,
    beta2: number,
    rest2: number,
  ): void;
}

/** Decodes parts of rows that lie outside: what assembly/strips.ts declares. */
export type DecodeOutside = (
  row: number,
  index: number,
  rows: number,
  at: number,
  bytes: number,
  shift: number,
  to: number,
  stride: number,
) => void;

const nothingOutside = (): never => {
  throw new Error("features: these kernels know of no other memory");
};

const KERNELS = {
  fused: new URL("../../../dist/kernels.wasm", import.meta.url),
  separate: new URL("../../../dist/kernels.separate.wasm", import.meta.url),
};
const compiled = new Map<Arithmetic, Promise<CompiledModule>>();

/** Compiles a build once per thread. */
export function kernelModule(build: Arithmetic): Promise<CompiledModule> {
  const module = compiled.get(build) ?? webAssembly.compile(readCompiled(KERNELS[build]));
  compiled.set(build, module);
  return module;
}

export function instantiate(
  module: CompiledModule,
  memory: SharedMemory,
  decode: DecodeOutside = nothingOutside,
): KernelExports {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what packages/core/assembly/index.ts exports
  return new webAssembly.Instance(module, { env: { memory }, outside: { decode } }).exports as KernelExports;
}
