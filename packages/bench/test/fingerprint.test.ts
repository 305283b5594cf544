import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createFingerprinter, type Fingerprint } from "../src/fingerprint.ts";

let root: string;
const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const of = (entry: string): Fingerprint => createFingerprinter(root)(join(root, entry));
const filesOf = (entry: string): string[] =>
  Object.keys(of(entry).parts).filter((part) => part !== "node" && part !== "arithmetic");

/** A copy of our layout: two stages, one per solver, both reaching the solvers through a package's index. */
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "probes-code-")));
  write(
    "bench/fast-stage.ts",
    `import { fast as quick } from "@x/solvers";\nimport type { Unused } from "./types.ts";`,
  );
  write("bench/slow-stage.ts", `import { slow } from "@x/solvers";\nexport const run = () => slow;`);
  write("bench/both-stage.ts", `import * as solvers from "@x/solvers";`);
  write("bench/types.ts", `export interface Unused {}`);
  write("solvers/package.json", `{ "name": "@x/solvers", "exports": { ".": "./src/index.ts" } }`);
  write(
    "solvers/src/index.ts",
    `export { fast } from "./fast.ts";\nexport * from "./slow.ts";\nexport * from "./more.ts";`,
  );
  write("solvers/src/fast.ts", `import { part } from "./parts/part.ts";\nexport const fast = part;`);
  write("solvers/src/slow.ts", `import leftPad from "left-pad";\nexport const slow = leftPad;`);
  write("solvers/src/more.ts", `export const more = new URL("worker.ts", import.meta.url);`);
  write("solvers/src/worker.ts", `const bytes = new URL("../dist/kernels.wasm", import.meta.url);`);
  write("solvers/src/parts/part.ts", `export const part = 1;`);
  write("solvers/dist/kernels.wasm", `\0asm`);
  write("node_modules/left-pad/package.json", `{ "version": "1.2.3", "dependencies": { "pad": "*" } }`);
  write("node_modules/pad/package.json", `{ "version": "4.5.6" }`);
  mkdirSync(join(root, "node_modules/@x"));
  symlinkSync(join(root, "solvers"), join(root, "node_modules/@x/solvers"));
});
afterEach(() => rmSync(root, { recursive: true }));

it("reaches the modules that compute the imported names, workers, binaries and packages, and nothing else", () => {
  expect(filesOf("bench/fast-stage.ts").sort()).toEqual([
    "bench/fast-stage.ts",
    "solvers/src/fast.ts",
    "solvers/src/parts/part.ts",
  ]);
  expect(of("bench/slow-stage.ts").parts).toMatchObject({ "npm:left-pad": "1.2.3", "npm:pad": "4.5.6" });
  expect(filesOf("bench/both-stage.ts")).toEqual(
    expect.arrayContaining(["solvers/src/index.ts", "solvers/src/worker.ts", "solvers/dist/kernels.wasm", "npm:pad"]),
  );
});

it("changes for those who use a changed solver, and for no one else", () => {
  const fast = of("bench/fast-stage.ts").sha256;
  const slow = of("bench/slow-stage.ts").sha256;
  write("solvers/src/parts/part.ts", `export const part = 2;`);
  expect(of("bench/fast-stage.ts").sha256).not.toBe(fast);
  expect(of("bench/slow-stage.ts").sha256).toBe(slow);
});

it("does not change with comments, types or a new neighbour", () => {
  const before = of("bench/fast-stage.ts").sha256;
  write("solvers/src/parts/part.ts", `/** @file New words. */\n// and more\nexport const part = 1; // one`);
  write("bench/types.ts", `export interface Unused { readonly now: true }`);
  write("solvers/src/new.ts", `export const fresh = 1;`);
  write(
    "solvers/src/index.ts",
    `export { fast } from "./fast.ts";\nexport * from "./slow.ts";\nexport * from "./new.ts";`,
  );
  expect(of("bench/fast-stage.ts").sha256).toBe(before);
});

it("keeps what looks like a comment inside a string", () => {
  write("solvers/src/parts/part.ts", `export const part = "/* 1 */";`);
  const before = of("bench/fast-stage.ts").sha256;
  write("solvers/src/parts/part.ts", `export const part = "/* 2 */";`);
  expect(of("bench/fast-stage.ts").sha256).not.toBe(before);
});

it("changes with the version of a package, however far, and with a binary", () => {
  const slow = of("bench/slow-stage.ts").sha256;
  write("node_modules/pad/package.json", `{ "version": "4.5.7" }`);
  expect(of("bench/slow-stage.ts").sha256).not.toBe(slow);
  const both = of("bench/both-stage.ts").sha256;
  write("solvers/dist/kernels.wasm", `\0asm!`);
  expect(of("bench/both-stage.ts").sha256).not.toBe(both);
});

it("names the import that is not installed", () => {
  write("bench/fast-stage.ts", `import "nowhere";`);
  expect(() => of("bench/fast-stage.ts")).toThrow('every import must be installed, got "nowhere"; run `npm ci`');
});
