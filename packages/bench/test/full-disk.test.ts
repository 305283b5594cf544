/** @file No space left: a clear error, nothing half-written, and the same command goes on once there is room. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verify } from "../src/commands/verify.ts";
import { systemEffects } from "../src/effects.ts";
import { rowsOf, runOnce } from "./fixtures/killed-run.ts";
import { missing, runOnSmallDisk, type StepResult } from "./fixtures/small-disk.ts";

const writeMuch = fileURLToPath(new URL("./fixtures/write-much.ts", import.meta.url));
const cli = fileURLToPath(new URL("../src/cli.ts", import.meta.url));
let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "probes-full-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const experiment = "sec2-entropy-chain"; // smoke: four values of 12 KB, rows of 44 KB
let neverFull: Promise<string> | undefined;

/** The rows of a run that had room all the time. */
const wholeRows = (): Promise<string> =>
  (neverFull ??= runOnce({ experiment, folder, threads: 1 }).then(() => rowsOf(experiment, folder)));

/** The sizes, KiB: one at which no second value has room, or none at all; one that stops a second result within. */
const limits = [
  { limit: "tmpfs", code: "ENOSPC", message: "no space left on device", firstValues: 20, second: 200 },
  { limit: "ulimit", code: "EFBIG", message: "file too large", firstValues: 8, second: 32 },
] as const;

for (const { limit, code, message, firstValues, second } of limits) {
  const reason = missing(limit);
  describe.skipIf(reason !== undefined)(`${code}${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
    const refusal =
      `must be writable as a whole, nothing was kept of it, got "${code}: ${message}, write"; ` +
      "make room there or choose another folder, then do the same again";

    it("leaves what was there and no half of a file, value or feature matrix", () => {
      const command = [writeMuch, "{disk}"];
      const [full, room] = runOnSmallDisk(limit, folder, [{ command, kib: 8 }, { command }]);
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

    it("ends `reproduce` in one line, and with room the same command goes on to the bytes of a run never broken off", async () => {
      const [store, results] = ["{disk}/store", "{disk}/results"];
      const flags = ["--profile", "smoke", "--only", experiment, "--threads", "1", "--store", store];
      const command = [cli, "reproduce", ...flags, "--results", results];
      const another = [...command, "--seed", "another"];
      const [noValue, room, noResult] = runOnSmallDisk(limit, folder, [
        { command, kib: firstValues },
        { command },
        { command: another, kib: second },
      ]).map(endOf);

      expect(noValue?.status).toBe(1);
      expect(noValue?.stderr).toMatch(/^probes: \/.*\/store\/sec2-chains\/[0-9a-f]{64}\.value: must be [^\n]*\n$/);
      expect(noValue?.stderr).toContain(refusal);
      expect(noValue?.files).toHaveLength(limit === "tmpfs" ? 1 : 0);
      expect(noValue?.files.filter((path) => !value.test(path))).toEqual([]);

      expect(room).toMatchObject({ status: 0, stderr: "" });
      expect(rowsOf(experiment, room?.folder ?? "")).toBe(await wholeRows());
      // Resumed: what had been finished was read, not computed and written again.
      for (const path of noValue?.files ?? []) expect(bytesOf(room, path).equals(bytesOf(noValue, path))).toBe(true);

      // The values of another seed have room and its result has not: the one that was there is there, every byte.
      expect(noResult?.status).toBe(1);
      // Which of the result's files finds no room depends on how long the records are.
      expect(noResult?.stderr).toMatch(/^probes: \/.*\/(rows\.jsonl|run\.json|timings\.json): must be [^\n]*\n$/);
      expect(noResult?.stderr).toContain(refusal);
      const before = room?.files ?? [];
      for (const path of before) expect(bytesOf(noResult, path).equals(bytesOf(room, path))).toBe(true);
      const added = noResult?.files.filter((path) => !before.includes(path));
      expect(added).toHaveLength(4);
      expect(added?.filter((path) => !value.test(path))).toEqual([]);
    }, 300_000);
  });
}

const value = /^store\/sec2-chains\/[0-9a-f]{64}\.value$/;

const bytesOf = (step: StepResult | undefined, path: string): Buffer => readFileSync(join(step?.folder ?? "", path));

/** However a run ended, all it left is whole. */
function endOf(step: StepResult): StepResult {
  const lines: string[] = [];
  const status = verify(
    join(step.folder, "results"),
    join(step.folder, "store"),
    systemEffects((line) => void lines.push(line)),
  );
  expect([status, lines.at(-1)]).toEqual([0, expect.stringMatching(/ stored values checked, 0 broken files$/)]);
  return step;
}
