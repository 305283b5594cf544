/**
 * @file Shows that a run killed with SIGKILL three times (while training, and twice among the probes) and then resumed
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
  // Values: the untrained network's errors and its 20 probes, then a checkpoint amid training, then the rest.
  for (const [threads, killAtValues] of [
    [2, 7],
    [1, 22],
    [2, 33],
  ] as const) {
    const { killed } = await runOnce({ experiment, folder: broken, threads, killAtValues });
    say(`${killed ? "killed" : "NOT killed"} at ${killAtValues} stored values`);
    if (!killed) process.exitCode = 1;
  }
  await runOnce({ experiment, folder: broken, threads: 1 });
  const same = rowsOf(experiment, broken) === rowsOf(experiment, whole);
  say(same ? "resumed to the same bytes" : "DIFFERENT bytes after resuming");
  if (!same) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
