/** @file The digits of an experiment: MNIST, or its stand-in and why; never a stand-in for a damaged file. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadDigits } from "../../src/datasets/load-digits.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "digits-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const rows = { train: 20, test: 10 };

test("without MNIST: synthetic digits, with a notice that gives the reason and no path of this machine", async () => {
  const lines: string[] = [];
  const log = (line: string): number => lines.push(line);
  const digits = await loadDigits({ cacheDir: folder, download: false, rows, log });
  expect([digits.name, digits.synthetic]).toEqual(["synthetic-digits", true]);
  expect(digits.notice).toMatch(/MNIST could not be had: t10k-labels-idx1-ubyte is in no folder searched/);
  expect(digits.notice).not.toContain(folder);
  expect(lines).toContain("synthetic-digits stands in for mnist");
});

test("a damaged MNIST file is an error", async () => {
  writeFileSync(join(folder, "t10k-labels-idx1-ubyte"), "not idx at all");
  const loading = loadDigits({ dataDir: folder, cacheDir: join(folder, "cache"), download: false, rows });
  await expect(loading).rejects.toThrow("t10k-labels-idx1-ubyte: magic number must be");
});

const dataDir = process.env["PROBES_DATA_DIR"];
test.skipIf(dataDir === undefined)("with MNIST: MNIST (skipped: PROBES_DATA_DIR is not set)", async () => {
  const digits = await loadDigits({
    ...(dataDir === undefined ? {} : { dataDir }),
    cacheDir: folder,
    download: false,
    rows,
  });
  expect([digits.name, digits.synthetic, digits.notice]).toEqual(["mnist", false, undefined]);
});
