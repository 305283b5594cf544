/** @file MNIST: the canonical files load whole; anything else is refused with a reason. */
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { mnist, mnistFrom } from "../../src/datasets/mnist.ts";
import { encodeIdx } from "./encode-idx.ts";

const dataDir = process.env["PROBES_DATA_DIR"];

describe.skipIf(dataDir === undefined)("the canonical files (skipped: PROBES_DATA_DIR is not set)", () => {
  const load = async (rows?: { train?: number; test?: number }): ReturnType<typeof mnist.load> =>
    mnist.load({ download: false, ...(dataDir === undefined ? {} : { dataDir }), ...(rows && { rows }) });

  test("load with the published class counts and pixel mean", async () => {
    const { train, test, sha256, synthetic, notice } = await load();
    const counts = (labels: Int32Array): number[] =>
      labels.reduce<number[]>(
        (all, label) => all.with(label, (all[label] ?? 0) + 1),
        Array.from({ length: 10 }, () => 0),
      );
    // http://yann.lecun.com/exdb/mnist: 5923 zeros, 6742 ones… in training, 980 zeros… in test.
    expect(counts(train.labels)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    expect(counts(test.labels)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    // The widely quoted normalisation of MNIST: mean 0.1307 of pixels in [0, 1].
    expect(mean(train.inputs) / 255).toBeCloseTo(0.1307, 4);
    expect(sha256).toBe("6480ae0cca21b59b076a7295ceb87cbd9e07f1a6a1effc15538d29fe2a4ba916");
    expect([synthetic, notice]).toEqual([false, undefined]);
  });

  test("come from the second mirror, progress told, and are kept for the next time", async () => {
    const cacheDir = mkdtempSync(join(tmpdir(), "mnist-cache-"));
    const server = createServer((request, response) => {
      const file = join(dataDir ?? "", "mnist", basename(request.url ?? ""));
      if (request.url?.startsWith("/full/") === true && existsSync(file)) createReadStream(file).pipe(response);
      else response.writeHead(404).end();
    });
    await new Promise<void>((listening) => {
      server.listen(0, "127.0.0.1", listening);
    });
    try {
      const address = server.address();
      const host = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
      const lines: string[] = [];
      const log = (line: string): number => lines.push(line);
      const fetched = await mnistFrom({ urls: [`${host}/empty/`, `${host}/full/`] }).load({ cacheDir, log });
      expect(lines.filter((line) => line.includes("HTTP 404"))).toHaveLength(4);
      expect(lines.some((line) => /train-images-idx3-ubyte\.gz: \d+\.\d MiB/.test(line))).toBe(true);
      expect(readdirSync(join(cacheDir, "mnist"))).toHaveLength(4);
      const kept = await mnistFrom({ urls: [] }).load({ cacheDir });
      expect([fetched.sha256, kept.sha256]).toEqual([(await load()).sha256, fetched.sha256]);
    } finally {
      server.closeAllConnections();
      server.close();
      rmSync(cacheDir, { recursive: true });
    }
  });

  test("fewer rows are the first rows, with a hash of their own", async () => {
    const [all, few] = [await load(), await load({ train: 30, test: 20 })];
    expect(few.train.inputs).toEqual(all.train.inputs.slice(0, 30 * 784));
    expect(few.test.labels).toEqual(all.test.labels.slice(0, 20));
    expect(few.sha256).not.toBe(all.sha256);
    await expect(load({ train: 60_001 })).rejects.toThrow(
      "mnist train: rows must be an integer in 1..60000, got 60001",
    );
    await expect(load({ test: Number.NaN })).rejects.toThrow("mnist test: rows must be an integer");
  });
});

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? Number.NaN;
  return sum / values.length;
}

describe("a file that is not the canonical one", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "mnist-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** What loading says when the test labels, which are read first, have this content. */
  async function complaint(labels: Uint8Array): Promise<string> {
    mkdirSync(join(folder, "mnist"), { recursive: true });
    writeFileSync(join(folder, "mnist", "t10k-labels-idx1-ubyte"), labels);
    const loading = mnist.load({ dataDir: folder, cacheDir: join(folder, "cache"), download: false });
    return loading.then(
      () => "loaded",
      (error: unknown) => String(error).replaceAll(folder, "DIR"),
    );
  }

  const zeros = new Uint8Array(10_000);

  test.each<[string, Uint8Array, string]>([
    [
      "truncated",
      encodeIdx(0x08, [10_000], zeros).subarray(0, 5_000),
      "header says 10000 values, 10008 bytes in all, got 5000",
    ],
    ["of wrong magic", new Uint8Array(10_008), "magic number must be 0x0000TTAA"],
    ["of another shape", encodeIdx(0x08, [100, 100], zeros), 'shape must be 10000, got "100 × 100"'],
    ["of another type", encodeIdx(0x09, [10_000], zeros), 'values must be unsigned bytes, got "Int8Array"'],
    ["with a label 10", encodeIdx(0x08, [10_000], zeros.with(77, 10)), "label of row 77: must lie in 0..9, got 10"],
    ["of other bytes", encodeIdx(0x08, [10_000], zeros), "sha256 must be ff7bcfd4"],
    ["of damaged gzip", Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3), "must be a whole gzip file"],
  ])("%s is refused", async (_, labels, rule) => {
    expect(await complaint(labels)).toMatch(/^InputError: DIR\/mnist\/t10k-labels-idx1-ubyte[:,] /);
    expect(await complaint(labels)).toContain(rule);
  });
});
