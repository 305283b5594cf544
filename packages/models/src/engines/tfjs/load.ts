/** @file Finds the quickest TensorFlow.js that is installed: native, else WebAssembly, else plain JavaScript. */
import { createRequire } from "node:module";
import type * as tfjs from "@tensorflow/tfjs-core";
import { reject } from "@linear-probes/core";

export type Tfjs = typeof tfjs;
export type TfjsBackend = "tensorflow" | "wasm" | "cpu";

// Named by a variable, because this optional dependency may be absent.
const native: string = "@tensorflow/tfjs-node";

/** In order of speed. */
const backends: readonly (readonly [TfjsBackend, () => Promise<unknown>])[] = [
  [
    "tensorflow",
    () => {
      restoreOldUtilities();
      return import(native);
    },
  ],
  ["wasm", () => import("@tensorflow/tfjs-backend-wasm")],
  ["cpu", () => import("@tensorflow/tfjs-backend-cpu")],
];

export async function loadTfjs(wanted?: TfjsBackend): Promise<{ readonly tf: Tfjs; readonly backend: TfjsBackend }> {
  const reasons: string[] = [];
  for (const [backend, load] of backends) {
    if (wanted !== undefined && wanted !== backend) continue;
    try {
      // Registers the gradients of tfjs-core's kernels; the core alone has none.
      await import("@tensorflow/tfjs");
      await load();
      const tf = await import("@tensorflow/tfjs-core");
      if (await tf.setBackend(backend)) return { tf, backend };
      reasons.push(`${backend}: did not start`);
    } catch (cause) {
      reasons.push(`${backend}: ${cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause)}`);
    }
  }
  return reject("tfjs engine", "needs TensorFlow.js", reasons.join("; "), "install @tensorflow/tfjs or use onnx");
}

/** Node 23 removed a function that tfjs-node 4.22 calls (tensorflow/tfjs issue 8609). */
function restoreOldUtilities(): void {
  const util: Record<string, unknown> = createRequire(import.meta.url)("node:util");
  util["isNullOrUndefined"] ??= (value: unknown) => value === null || value === undefined;
}
