/**
 * @file How this machine sums products. The kernels are built twice: with a fused multiply-add, which every x86-64 since
 * 2013 and every ARM64 has, rounding once; and with two operations. WebAssembly leaves it to the engine which one a
 * "relaxed" multiply-add is, and so it is tried: bits are the same wherever the answer is.
 */
import { readCompiled, webAssembly } from "./kernels/wasm/web-assembly.ts";

/** "fused": a sum of products is rounded once; "separate": the product is rounded too. */
export type Arithmetic = "fused" | "separate";

const LINALG = new URL("../dist/linalg.wasm", import.meta.url);
let found: Arithmetic | undefined;

/** Of this machine; found once per thread. */
export function arithmetic(): Arithmetic {
  return (found ??= roundsOnce() ? "fused" : "separate");
}

/** False also where the engine has no relaxed SIMD. */
function roundsOnce(): boolean {
  const bytes = readCompiled(LINALG);
  if (!webAssembly.validate(bytes)) return false;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what packages/core/assembly/linalg.ts exports
  const { exports } = new webAssembly.Instance(new webAssembly.Module(bytes)) as { exports: { roundsOnce(): number } };
  return exports.roundsOnce() !== 0;
}
