/** @file The part of WebAssembly used here. TypeScript declares it only together with the browser's DOM. */

export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}

/** A compiled module; may be posted to a worker. */
export interface CompiledModule {
  readonly [Symbol.toStringTag]: string;
}

interface WebAssemblyNames {
  compile(bytes: Uint8Array): Promise<CompiledModule>;
  Memory: new (descriptor: { initial: number; maximum: number; shared: true }) => SharedMemory;
  Instance: new (module: CompiledModule, imports: { env: { memory: SharedMemory } }) => { readonly exports: unknown };
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a global of the standard, typed above
export const webAssembly = Reflect.get(globalThis, "WebAssembly") as WebAssemblyNames;
