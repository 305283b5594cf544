/** @file The compiled part of the linear algebra (packages/core/assembly/linalg.ts), made on first use. */
import { arithmetic } from "../arithmetic.ts";
import { type OwnMemory, readCompiled, webAssembly } from "../kernels/wasm/web-assembly.ts";

export interface DenseModule {
  readonly memory: OwnMemory;
  choleskyFactor(a: number, n: number): number;
}

/** Where matrices begin; below are the module's own constants. */
export const MATRIX = 4096;

const PAGE = 65536;
const LINALG = {
  fused: new URL("../../dist/linalg.wasm", import.meta.url),
  separate: new URL("../../dist/linalg.separate.wasm", import.meta.url),
};
let made: DenseModule | undefined;

/** The module, with memory for `bytes` from MATRIX on. */
export function denseModule(bytes: number): DenseModule {
  const module = (made ??= instantiate());
  const missing = Math.ceil((MATRIX + bytes - module.memory.buffer.byteLength) / PAGE);
  if (missing > 0) module.memory.grow(missing);
  return module;
}

function instantiate(): DenseModule {
  const module = new webAssembly.Module(readCompiled(LINALG[arithmetic()]));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what packages/core/assembly/linalg.ts exports
  return new webAssembly.Instance(module).exports as DenseModule;
}
