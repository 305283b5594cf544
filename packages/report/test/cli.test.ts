/** @file The command: reads results as the bench writes them, writes one file, refuses what it cannot do. */
import { writeResult } from "@linear-probes/bench";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { report } from "../src/cli.ts";
import { fig03Result } from "./fixtures/rows.ts";

const folder = mkdtempSync(join(tmpdir(), "report-"));
const results = join(folder, "results");
const out = join(folder, "out");
beforeAll(() => {
  const { rows, run } = fig03Result({ profile: "quick" });
  writeResult(rows, run, results);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const build = (args: readonly string[], environment: NodeJS.ProcessEnv = {}) => {
  const lines: string[] = [];
  return report(["--results", results, "--out", out, ...args], environment, (line) => lines.push(line)).then(
    (path) => ({
      path,
      lines,
    }),
  );
};

test("writes dist/index.html and prints the verdicts; flags of the experiments are let through", async () => {
  const { path, lines } = await build([
    "--profile",
    "quick",
    "--seed",
    "5",
    "--threads=1",
    "--only",
    "fig03-untrained-depth",
  ]);
  expect(path).toBe(join(out, "index.html"));
  expect(readFileSync(path, "utf8")).toContain("Untrained layers wear a linearly separable signal down");
  expect(lines.join("\n")).toMatch(/Figure 3 {2}depends on the probe's optimality/);
});

test("the profile may come from the environment; the flag wins", async () => {
  await expect(build([], { PROBES_PROFILE: "quick" })).resolves.toBeDefined();
  await expect(build(["--profile", "quick"], { PROBES_PROFILE: "nonsense" })).resolves.toBeDefined();
});

test("says what is wrong and what to do", async () => {
  await expect(build(["--profile", "fast"])).rejects.toThrow('profile: must be one of smoke, quick, paper, got "fast"');
  await expect(build([])).rejects.toThrow(
    /results: profile paper must have been run, got "none in .*"; run `probes reproduce/,
  );
  await expect(build(["--profile"])).rejects.toThrow("--profile: needs a value, got true");
});
