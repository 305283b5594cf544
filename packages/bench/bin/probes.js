#!/usr/bin/env node
/**
 * @file Starts the `probes` command with the Node that this project pins, whatever Node is installed on the machine.
 * Plain JavaScript, since an older Node must be able to read it.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const pinned = join(dirname(createRequire(import.meta.url).resolve("node/package.json")), "bin", "node");
const cli = fileURLToPath(new URL("../src/cli.ts", import.meta.url));
// Large arrays in huge pages, where glibc and the kernel have them: page by page, activations take half as long again.
const env = { GLIBC_TUNABLES: "glibc.malloc.hugetlb=1", ...process.env };
const child = spawn(pinned, [cli, ...process.argv.slice(2)], { stdio: "inherit", env });

// The child decides when to stop: it finishes what it is doing. A terminal has told it already, which does no harm.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  process.stderr.write(`probes: the pinned Node could not be started, ${error.message}; run \`npm ci\`\n`);
  process.exitCode = 1;
});
child.on("exit", (code, signal) => {
  process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
});
