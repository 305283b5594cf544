/** @file No space left: a clear error, nothing half-written, and the same command goes on once there is room. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runOnSmallDisk, smallDisk } from "./fixtures/small-disk.ts";

const writeMuch = fileURLToPath(new URL("./fixtures/write-much.ts", import.meta.url));
const cli = fileURLToPath(new URL("../src/cli.ts", import.meta.url));
let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "probes-full-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const reason = smallDisk === undefined ? "; skipped, there is neither unshare nor ulimit here" : "";
const refusal =
  "must be writable as a whole, nothing was kept of it, got " +
  (smallDisk === "tmpfs" ? '"ENOSPC: no space left on device, write"' : '"EFBIG: file too large, write"') +
  "; make room there or choose another folder, then do the same again";

describe.skipIf(smallDisk === undefined)(`a full disk${reason}`, () => {
  it("leaves what was there and no half of a file, value or feature matrix", () => {
    const command = [writeMuch, "{disk}"];
    const [full, room] = runOnSmallDisk(folder, 8, [
      { command, full: true },
      { command, full: false },
    ]);
    const disk = join(folder, "disk");
    const lines = full?.stdout
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    const stored = /store\/large\/[0-9a-f]{64}\.value/.exec(full?.stdout ?? "")?.[0] ?? "";
    expect(lines).toEqual([
      { way: "file", error: ["WriteError", `${disk}/file: ${refusal}`] },
      { way: "value", error: ["WriteError", `${disk}/${stored}: ${refusal}`] },
      { way: "features", error: ["WriteError", `${disk}/features.f32: ${refusal}`] },
    ]);
    expect(full?.files).toEqual(["file"]);
    expect(readFileSync(join(full?.folder ?? "", "file"), "utf8")).toBe("before");
    expect(room?.stdout).not.toContain("WriteError");
    expect(room?.files).toEqual(["features.f32", "file", stored]);
    expect(readFileSync(join(room?.folder ?? "", "file"))).toEqual(Buffer.alloc(2 ** 20));
  });

  it("ends `reproduce` in one line; with room, the same command goes on to the bytes of a run never broken off", () => {
    const flags = ["--profile", "smoke", "--only", "fig03", "--threads", "1"];
    const run = (store: string, results: string): string[] => [
      cli,
      "reproduce",
      ...flags,
      "--store",
      `{disk}/${store}`,
      "--results",
      `{disk}/${results}`,
    ];
    // 40 KiB hold the values of one dataset and not those of two; as a limit of files, 7 KiB stop the largest values.
    const [full, room, whole] = runOnSmallDisk(folder, smallDisk === "tmpfs" ? 40 : 7, [
      { command: run("store", "results"), full: true },
      { command: run("store", "results"), full: false },
      { command: run("another-store", "whole"), full: false },
    ]);
    expect(full?.status).toBe(1);
    expect(full?.stderr.trim().split("\n")).toHaveLength(1);
    expect(full?.stderr).toMatch(/^probes: \/.*\/store\/fig03-probes\/[0-9a-f]{64}\.value: must be writable/);
    expect(full?.stderr).toContain(refusal);
    // Whole values only, some of them; no results.
    expect(full?.files.length).toBeGreaterThan(0);
    expect(full?.files.filter((path) => !/^store\/fig03-(layers|probes)\/[0-9a-f]{64}\.value$/.test(path))).toEqual([]);
    expect(room).toMatchObject({ status: 0, stderr: "" });
    expect(whole).toMatchObject({ status: 0, stderr: "" });
    const rows = (results: string): string =>
      readFileSync(join(whole?.folder ?? "", results, "smoke/fig03-untrained-depth/rows.jsonl"), "utf8");
    expect(rows("results")).toBe(rows("whole"));
    // Resumed: what had been finished was read, not computed and written again.
    for (const path of full?.files ?? []) {
      const bytes = readFileSync(join(full?.folder ?? "", path));
      expect(readFileSync(join(room?.folder ?? "", path)).equals(bytes)).toBe(true);
    }
  }, 300_000);
});
