import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { rowsOf, runOnce } from "./fixtures/killed-run.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "probes-kill-"))));
afterEach(() => rmSync(folder, { recursive: true }));

it(
  "figure 3: killed three times and resumed, on 1 and 2 threads, the rows are the same bytes",
  { timeout: 120_000 },
  async () => {
    const experiment = "fig03-untrained-depth";
    const whole = join(folder, "whole");
    const broken = join(folder, "broken");
    await runOnce({ experiment, folder: whole, threads: 2 });
    for (const [threads, killAtValues] of [
      [2, 2],
      [1, 5],
      [2, 9],
    ] as const)
      expect(await runOnce({ experiment, folder: broken, threads, killAtValues })).toEqual({ killed: true });
    await runOnce({ experiment, folder: broken, threads: 1 });
    expect(rowsOf(experiment, broken)).toBe(rowsOf(experiment, whole));
  },
);
