/** @file Finding and fetching files: where they are looked for, what is accepted, what is left behind. */
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { InputError, reject } from "@linear-probes/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DatasetUnavailableError } from "../../src/dataset.ts";
import { obtain } from "../../src/datasets/parts/obtain.ts";

const CONTENT = new TextEncoder().encode("the canonical bytes ".repeat(5_000));
const GZIPPED = gzipSync(CONTENT);
const wanted = {
  dataset: "toy",
  name: "toy.bin",
  maxBytes: 200_000,
  parse(content: Uint8Array, subject: string) {
    if (!Buffer.from(content).equals(CONTENT)) reject(subject, "must be canonical", `${content.length} other bytes`);
    return "canonical";
  },
};

let folder = "";
let lines: string[] = [];
const log = (line: string): number => lines.push(line);
const closing: (() => void)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "obtain-"));
  lines = [];
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
  rmSync(folder, { recursive: true });
});

/** A mirror on this machine; returns its address. */
async function mirror(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((listening) => {
    server.listen(0, "127.0.0.1", listening);
  });
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`;
}

const patience = { backoffMs: [1, 2], silenceMs: 10_000 };
const cacheDir = (): string => join(folder, "cache");
const cacheFiles = (): string[] => readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();

describe("folders", () => {
  test.each([
    ["data/toy.bin", CONTENT],
    ["data/toy.bin.gz", GZIPPED],
    ["data/toy/toy.bin", CONTENT],
    ["data/toy/toy.bin.gz", GZIPPED],
    ["cache/toy/toy.bin.gz", GZIPPED],
    ["data/toy.bin", GZIPPED], // the name does not decide
  ])("%s is found", async (path, bytes) => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), bytes);
    const options = { dataDir: join(folder, "data"), cacheDir: cacheDir(), download: false };
    expect(await obtain(wanted, { urls: [] }, options)).toBe("canonical");
  });

  test("a damaged file that was given is an error, not a reason to look elsewhere", async () => {
    writeFileSync(join(folder, "toy.bin.gz"), GZIPPED.subarray(0, 100));
    mkdirSync(join(cacheDir(), "toy"), { recursive: true });
    writeFileSync(join(cacheDir(), "toy", "toy.bin"), CONTENT);
    const loading = obtain(wanted, { urls: [] }, { dataDir: folder, cacheDir: cacheDir() });
    await expect(loading).rejects.toThrow(/toy\.bin\.gz: must be a whole gzip file, got .*; fetch it again/);
    await expect(loading).rejects.toThrow(InputError);
  });

  test("a file that is nowhere is said to be unavailable, with the places", async () => {
    const loading = obtain(wanted, { urls: ["http://127.0.0.1:1/"] }, { cacheDir: cacheDir(), download: false });
    await expect(loading).rejects.toThrow(DatasetUnavailableError);
    await expect(loading).rejects.toThrow(`toy: toy.bin (or toy.bin.gz) must be in one of ${cacheDir()}/toy`);
  });

  test("a decompression bomb, a folder and an oversized file are refused", async () => {
    const load = async (): Promise<string> => obtain(wanted, { urls: [] }, { dataDir: folder, cacheDir: cacheDir() });
    writeFileSync(join(folder, "toy.bin"), gzipSync(new Uint8Array(2 ** 22)));
    await expect(load()).rejects.toThrow(/toy\.bin: must decompress to at most 200000 bytes, got "more"/);
    writeFileSync(join(folder, "toy.bin"), new Uint8Array(2 ** 22));
    await expect(load()).rejects.toThrow(/toy\.bin: must have at most 200000 bytes, got 4194304/);
    rmSync(join(folder, "toy.bin"));
    mkdirSync(join(folder, "toy.bin"));
    await expect(load()).rejects.toThrow(/toy\.bin: must be a regular file, got "a folder"/);
  });
});

describe("mirrors", () => {
  const good: RequestListener = (_, response) => response.end(GZIPPED);

  test("what a mirror sends is checked, kept and found the next time", async () => {
    let requests = 0;
    const url = await mirror((request, response) => {
      requests += 1;
      expect(request.url).toBe("/toy.bin.gz");
      response.end(GZIPPED);
    });
    expect(await obtain(wanted, { urls: [url] }, { cacheDir: cacheDir(), log })).toBe("canonical");
    expect(lines.join("\n")).toContain("done, 0.0 MiB");
    expect(cacheFiles()).toEqual(["cache", "cache/toy", "cache/toy/toy.bin.gz"]);
    expect(readFileSync(join(cacheDir(), "toy", "toy.bin.gz")).equals(GZIPPED)).toBe(true);
    expect(await obtain(wanted, { urls: [url] }, { cacheDir: cacheDir() })).toBe("canonical");
    expect(requests).toBe(1);
  });

  test("404 at the first mirror: the second is asked, the first not again", async () => {
    let requests = 0;
    const missing = await mirror((_, response) => {
      requests += 1;
      response.writeHead(404).end("no such file");
    });
    const urls = [missing, await mirror(good)];
    expect(await obtain(wanted, { urls, patience }, { cacheDir: cacheDir(), log })).toBe("canonical");
    expect(lines[0]).toContain("HTTP 404");
    await expect(obtain(wanted, { urls: [missing], patience }, { cacheDir: `${cacheDir()}2` })).rejects.toThrow(
      "HTTP 404",
    );
    expect(requests).toBe(2);
  });

  test("an interrupted transfer is begun again", async () => {
    let requests = 0;
    const url = await mirror((_, response) => {
      requests += 1;
      response.writeHead(200, { "content-length": GZIPPED.length });
      if (requests > 1) response.end(GZIPPED);
      else response.write(GZIPPED.subarray(0, 50), () => response.destroy());
    });
    expect(await obtain(wanted, { urls: [url], patience }, { cacheDir: cacheDir(), log })).toBe("canonical");
    expect(requests).toBe(2);
  });

  test.each<[string, RequestListener, RegExp]>([
    ["wrong bytes", (_, r) => r.end(gzipSync("something else")), /must be canonical, got "14 other bytes"/],
    ["half a gzip", (_, r) => r.end(GZIPPED.subarray(0, 60)), /must be a whole gzip file/],
    ["a page in its place", (_, r) => r.end("<html>Please log in</html>"), /must be canonical/],
    ["too much", (_, r) => r.end(new Uint8Array(300_000)), /sends more than 200000 bytes/],
    ["a busy server", (_, r) => r.writeHead(503).end(), /HTTP 503/],
    ["silence", () => undefined, /silent for 200 ms/],
    ["silence half-way", (_, r) => r.write(GZIPPED.subarray(0, 50)), /silent for 200 ms/],
  ])("%s: refused with the reason, and nothing is left behind", async (_, answer, reason) => {
    const impatience = { backoffMs: [1, 2], silenceMs: String(reason).includes("silent") ? 200 : 10_000 };
    const mirrors = { urls: [await mirror(answer)], patience: impatience };
    const loading = obtain(wanted, mirrors, { cacheDir: cacheDir(), log });
    await expect(loading).rejects.toThrow(reason);
    await expect(loading).rejects.toThrow(DatasetUnavailableError);
    expect(cacheFiles()).toEqual([]);
  });

  test("a damaged cache is replaced", async () => {
    mkdirSync(join(cacheDir(), "toy"), { recursive: true });
    writeFileSync(join(cacheDir(), "toy", "toy.bin.gz"), GZIPPED.subarray(0, 10));
    const urls = [await mirror(good)];
    expect(await obtain(wanted, { urls }, { cacheDir: cacheDir(), log })).toBe("canonical");
    expect(lines[0]).toContain("must be a whole gzip file");
    expect(readFileSync(join(cacheDir(), "toy", "toy.bin.gz")).equals(GZIPPED)).toBe(true);
  });

  test("a cache that cannot be written to does not stop the run", async () => {
    writeFileSync(join(folder, "cache"), "a file where the folder should be");
    const urls = [await mirror(good)];
    expect(await obtain(wanted, { urls }, { cacheDir: cacheDir(), log })).toBe("canonical");
    expect(lines.at(-1)).toContain("going on without keeping it");
  });

  test("the caller may stop it", async () => {
    const stop = new AbortController();
    const url = await mirror(() => stop.abort(new Error("stopped by the user")));
    const loading = obtain(wanted, { urls: [url], patience }, { cacheDir: cacheDir(), signal: stop.signal });
    await expect(loading).rejects.toThrow("stopped by the user");
    expect(cacheFiles()).toEqual([]);
  });
});
