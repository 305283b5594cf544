/** @file How every package runs its tests: `vitest --config ../../vitest.package.ts --root .`. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// The commands and workers that tests start take compiled code from a cache: half of what starting them costs.
const compiled = fileURLToPath(new URL("node_modules/.cache/node-compile", import.meta.url));

export default defineConfig({
  test: { isolate: false, testTimeout: 120_000, hookTimeout: 120_000, env: { NODE_COMPILE_CACHE: compiled } },
});
