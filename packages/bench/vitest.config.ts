/** @file The commands and workers that tests start take compiled code from a cache: half of what starting them costs. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const compiled = fileURLToPath(new URL("node_modules/.cache/node-compile", import.meta.url));

export default defineConfig({ test: { env: { NODE_COMPILE_CACHE: compiled } } });
