/** @file The part of WebAssembly used here. TypeScript declares it only together with the browser's DOM. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { reject } from "../../errors.ts";

/** Bytes by which memory grows. */
export const PAGE = 65536;

export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}

/** A compiled module; may be posted to a worker. */
export interface CompiledModule {
  readonly [Symbol.toStringTag]: string;
}

/** Memory that a module made for itself. */
export interface OwnMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

interface WebAssemblyNames {
  Module: new (bytes: Uint8Array) => CompiledModule;
  compile(bytes: Uint8Array): Promise<CompiledModule>;
  validate(bytes: Uint8Array): boolean;
  Memory: new (descriptor: { initial: number; maximum: number; shared: true }) => SharedMemory;
  Instance: new (
    module: CompiledModule,
    imports?: Record<string, Record<string, SharedMemory | ((...numbers: number[]) => void)>>,
  ) => { readonly exports: unknown };
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a global of the standard, typed above
export const webAssembly = Reflect.get(globalThis, "WebAssembly") as WebAssemblyNames;

/** The bytes of a module that the build has made. */
export function readCompiled(file: URL): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(file));
  } catch {
    return reject(fileURLToPath(file), "the compiled kernels must be there", "no file", "run `npm run build`");
  }
}
