/**
 * @file Shows that a run killed with SIGKILL three times (once while training) and stopped once and then resumed
 * on another number of threads ends with the same bytes. Figure 5; the test suite does the same with figure 3.
 *
 *   node packages/bench/scripts/kill-resume.ts
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rowsOf, runOnce } from "../test/fixtures/killed-run.ts";

const experiment = "fig05-mnist-convnet";
const folder = mkdtempSync(join(tmpdir(), "probes-kill-"));
const say = (line: string): void => void process.stdout.write(`${line}\n`);
try {
  const whole = join(folder, "whole");
  const broken = join(folder, "broken");
  await runOnce({ experiment, folder: whole, threads: 2 });
  say(`${experiment}: whole run done`);
  // Values: the untrained network's errors, 40 of its probes and tests, a checkpoint amid training, then the rest.
  const breaks = [
    { threads: 2, killAtValues: 1, signal: "SIGINT" }, // amid a forward pass
    { threads: 2, killAtValues: 7, signal: "SIGKILL" },
    { threads: 1, killAtValues: 42, signal: "SIGKILL" }, // amid training
    { threads: 2, killAtValues: 60, signal: "SIGKILL" },
  ] as const;
  for (const how of breaks) {
    const { end } = await runOnce({ experiment, folder: broken, ...how });
    say(`${how.signal} at ${how.killAtValues} stored values: ended with ${end}`);
    if (end === 0) process.exitCode = 1; // it was to be broken off
  }
  await runOnce({ experiment, folder: broken, threads: 1 });
  const same = rowsOf(experiment, broken) === rowsOf(experiment, whole);
  say(same ? "resumed to the same bytes" : "DIFFERENT bytes after resuming");
  if (!same) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
