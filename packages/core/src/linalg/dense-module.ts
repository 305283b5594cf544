/** @file The compiled part of the linear algebra (packages/core/assembly/linalg.ts), made on first use. */
import { arithmetic } from "../arithmetic.ts";
import { type OwnMemory, PAGE, readCompiled, webAssembly } from "../kernels/wasm/web-assembly.ts";

export interface DenseModule {
  readonly memory: OwnMemory;
  choleskyFactor(a: number, n: number): number;
  choleskySolve(a: number, n: number, x: number): void;
  choleskyFactorSingle(a: number, n: number): number;
  choleskySolveSingle(a: number, n: number, x: number): void;
  tridiagonalize(a: number, stride: number, n: number, diagonal: number, off: number, beta: number, work: number): void;
  accumulateReflectors(a: number, stride: number, n: number, beta: number, q: number, work: number): void;
}

const LINALG = {
  fused: new URL("../../dist/linalg.wasm", import.meta.url),
  separate: new URL("../../dist/linalg.separate.wasm", import.meta.url),
};
let made: DenseModule | undefined;
/** Rooms that were given back, by size: new memory would have to be asked of the system, which is slow. */
const spare = new Map<number, number[]>();
let end = 4096; // of the rooms so far; below are the module's own constants

/** The module, made on first use. */
export function denseModule(): DenseModule {
  return (made ??= instantiate());
}

/** The address of room for `count` float64, 16 bytes aligned. What is there is anything. */
export function takeRoom(count: number): number {
  const had = spare.get(count)?.pop();
  if (had !== undefined) return had;
  const { memory } = denseModule();
  const at = end;
  end += 16 * Math.ceil(count / 2);
  const missing = Math.ceil((end - memory.buffer.byteLength) / PAGE);
  if (missing > 0) memory.grow(missing);
  return at;
}

export function giveBackRoom(at: number, count: number): void {
  const rooms = spare.get(count);
  if (rooms === undefined) spare.set(count, [at]);
  else rooms.push(at);
}

/** A view of a room; good until the next room is taken. */
export function viewRoom(at: number, count: number): Float64Array {
  return new Float64Array(denseModule().memory.buffer, at, count);
}

/** The same as float32, two in the place of each float64. */
export function viewSingle(at: number, count: number): Float32Array {
  return new Float32Array(denseModule().memory.buffer, at, count);
}

function instantiate(): DenseModule {
  const module = new webAssembly.Module(readCompiled(LINALG[arithmetic()]));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what packages/core/assembly/linalg.ts exports
  return new webAssembly.Instance(module).exports as DenseModule;
}
