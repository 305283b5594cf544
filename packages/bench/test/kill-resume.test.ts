import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { rowsOf, runOnce } from "./fixtures/killed-run.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "probes-kill-"))));
afterEach(() => rmSync(folder, { recursive: true }));

it("figure 3: killed twice and stopped once, resumed on other threads, the rows are the same bytes", async () => {
  const experiment = "fig03-untrained-depth";
  const whole = join(folder, "whole");
  const broken = join(folder, "broken");
  await runOnce({ experiment, folder: whole, threads: 2 });
  expect(await runOnce({ experiment, folder: broken, threads: 2, killWhen: (values) => values >= 2 })).toMatchObject({
    end: "SIGKILL",
  });
  const stopped = await runOnce({
    experiment,
    folder: broken,
    threads: 1,
    killWhen: (values) => values >= 4,
    signal: "SIGINT",
  });
  expect(stopped.end).toBe(130);
  expect(stopped.output).toContain("stopping at the next safe point");
  expect(stopped.output).toContain("run the same command again to go on from there");
  expect(await runOnce({ experiment, folder: broken, threads: 2, killWhen: (values) => values >= 9 })).toMatchObject({
    end: "SIGKILL",
  });
  await runOnce({ experiment, folder: broken, threads: 1 });
  expect(rowsOf(experiment, broken)).toBe(rowsOf(experiment, whole));
}, 300_000);
