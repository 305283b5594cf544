/** @file CIFAR-10: the batches that are there load whole, the missing test batch is said to be missing. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import { sha256 } from "@linear-probes/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cifar10, cifar10From } from "../../src/datasets/cifar10.ts";

const dataDir = process.env["PROBES_DATA_DIR"];

describe.skipIf(dataDir === undefined)("the canonical batches (skipped: PROBES_DATA_DIR is not set)", () => {
  test("load, rows of interleaved pixels, and the fifth stands in for a missing test batch", async () => {
    const { train, test: held, notice } = await cifar10.load(dataDir === undefined ? {} : { dataDir });
    // Frog, truck, truck, deer, automobile…: the first labels, and the first pixel, that every reader of CIFAR-10 shows.
    expect([...train.labels.subarray(0, 5)]).toEqual([6, 9, 9, 4, 1]);
    expect([...train.inputs.subarray(0, 3)]).toEqual([59, 62, 63]);
    expect(train.inputs).toHaveLength(train.labels.length * 3072);
    expect(held.labels).toHaveLength(10_000);
    if (notice === undefined) {
      expect(train.labels).toHaveLength(50_000);
    } else {
      expect(notice).toContain("the fifth training batch is held out");
      expect(train.labels).toHaveLength(40_000);
    }
  });
});

test.skipIf(dataDir === undefined)("a few rows are the first rows, and spare reading most batches", async () => {
  const options = { ...(dataDir === undefined ? {} : { dataDir }), download: false };
  const { train, test: held, notice } = await cifar10.load({ ...options, rows: { train: 10_001, test: 50 } });
  expect([train.labels.length, held.labels.length]).toEqual([10_001, 50]);
  const whole = await cifar10.load(options);
  expect(notice).toBe(whole.notice);
  expect(sha256(Uint8Array.from(train.inputs))).toBe(
    sha256(Uint8Array.from(whole.train.inputs.subarray(0, 10_001 * 3072))),
  );
  expect(held.labels).toEqual(whole.test.labels.subarray(0, 50));
});

describe("a batch that is not canonical", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "cifar10-"));
    mkdirSync(join(folder, "cifar10"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const whole = new Uint8Array(30_730_000);
  const load = async (batch?: Uint8Array): Promise<unknown> => {
    if (batch !== undefined) writeFileSync(join(folder, "cifar10", "data_batch_1.bin"), batch);
    return cifar10.load({ dataDir: folder, cacheDir: join(folder, "cache"), download: false });
  };

  test("is refused with the reason", async () => {
    await expect(load()).rejects.toThrow(/data_batch_1\.bin \(or .*\) must be in one of .*; unpack https:/);
    await expect(load(whole.subarray(0, 1_000))).rejects.toThrow(
      /cifar10\/data_batch_1\.bin: must have 10000 records of 3073 bytes, 30730000 in all, got 1000/,
    );
    await expect(load(whole.with(3073 * 5, 10))).rejects.toThrow("label of row 5: must lie in 0..9, got 10");
    await expect(load(whole)).rejects.toThrow("sha256 must be cee91656");
  });
});

describe("an archive that is not canonical", () => {
  const pack = async (names: readonly string[]): Promise<Uint8Array> =>
    packTar(names.map((name) => ({ header: { name: `cifar-10-batches-bin/${name}`, size: 4 }, body: "four" })));

  test.each<[string, () => Promise<Uint8Array>, string]>([
    [
      "a short batch",
      async () => pack(["data_batch_1.bin"]),
      "cifar-10-binary.tar.gz, data_batch_1.bin: must have 10000 records",
    ],
    ["no batch", async () => pack(["batches.meta.txt"]), 'must hold data_batch_1.bin, got "batches.meta.txt"'],
    ["no tar", async () => new TextEncoder().encode("<html>".repeat(200)), "cifar-10-binary.tar.gz: must"],
  ])("%s is refused, and nothing is kept", async (_, archive, message) => {
    const folder = mkdtempSync(join(tmpdir(), "cifar10-"));
    const bytes = gzipSync(await archive());
    const server = createServer((__, response) => response.end(bytes));
    await new Promise<void>((listening) => {
      server.listen(0, "127.0.0.1", listening);
    });
    try {
      const address = server.address();
      const urls = [`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`];
      const loading = cifar10From({ urls, patience: { backoffMs: [], silenceMs: 10_000 } }).load({ cacheDir: folder });
      await expect(loading).rejects.toThrow(message);
      expect(existsSync(join(folder, "cifar10"))).toBe(false);
    } finally {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true });
    }
  });
});
