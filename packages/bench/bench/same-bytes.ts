/**
 * @file `npm run bench:same-bytes`: shows that the rows of an experiment are the same bytes from a second run, on one
 * thread instead of two, and from a run that was killed with SIGKILL three times, anywhere, and resumed on other
 * numbers of threads. Prints a table; exits with 1 when any bytes differ.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@linear-probes/core";
import { Command, Option } from "commander";
import { chooseExperiments, type ExperimentId } from "../src/experiments/index.ts";
import { type ProfileName, profileNames } from "../src/run-record.ts";
import { textTable } from "../src/table.ts";
import { rowsOf, runOnce, type RunEnd } from "../test/fixtures/killed-run.ts";

const KILLS = 3;

type Line = readonly [experiment: string, how: string, bytes: number, hash: string, verdict: string];

const program = new Command("bench:same-bytes")
  .addOption(new Option("--profile <name>", "how much to compute").choices(profileNames).default("smoke"))
  .option("--only <experiments...>", "only these; the beginning of a name is enough", [])
  .parse();
const { profile, only } = program.opts<{ profile: ProfileName; only: string[] }>();

const root = mkdtempSync(join(tmpdir(), "probes-same-"));
try {
  const lines: Line[] = [];
  for (const experiment of chooseExperiments(only, profile)) lines.push(...(await compareRuns(experiment)));
  console.log(`\n${textTable(["experiment", "run", "bytes", "sha256 of rows.jsonl", "verdict"], lines).join("\n")}`);
  const different = lines.filter(([, , , , verdict]) => verdict === "DIFFERENT").length;
  console.log(different === 0 ? "all runs of each experiment: the same bytes" : `${different} runs with other bytes`);
  if (different > 0) process.exitCode = 1;
} finally {
  rmSync(root, { recursive: true });
}

async function compareRuns(experiment: ExperimentId): Promise<readonly Line[]> {
  const at = (name: string): string => join(root, experiment, name);
  const run = { experiment, profile };
  const first = await runOnce({ ...run, folder: at("first"), threads: 2 });
  const wanted = rowsOf(experiment, at("first"), profile);
  const line = (folder: string, how: string): Line => {
    const rows = rowsOf(experiment, folder, profile);
    const verdict = folder === at("first") ? "" : rows === wanted ? "SAME" : "DIFFERENT";
    const done: Line = [experiment, how, Buffer.byteLength(rows), sha256(rows), verdict];
    console.log(`${experiment}: ${how}, ${verdict || `${first.seconds.toFixed(1)} s, ${first.values} stored values`}`);
    rmSync(join(folder, "store"), { recursive: true });
    return done;
  };
  const lines = [line(at("first"), "2 threads")];
  await runOnce({ ...run, folder: at("second"), threads: 2 });
  lines.push(line(at("second"), "2 threads again"));
  await runOnce({ ...run, folder: at("single"), threads: 1 });
  lines.push(line(at("single"), "1 thread"));
  const kills = await killAndResume(experiment, at("broken"), first);
  lines.push(line(at("broken"), `killed with ${kills.join(", ")} of ${first.values} values stored, resumed`));
  return lines;
}

/**
 * Kills when a quarter, a half, three quarters of the values are stored, or, where there are too few, of the time that
 * a whole run took has passed. Returns how many values were stored at each kill.
 */
async function killAndResume(
  experiment: ExperimentId,
  folder: string,
  { seconds: wholeSeconds, values: wholeValues }: RunEnd,
): Promise<readonly number[]> {
  let kills: number[] = [];
  for (let haste = 1; kills.length < KILLS;) {
    const share = (haste * (kills.length + 1)) / (KILLS + 1);
    const killWhen = (values: number, seconds: number): boolean =>
      wholeValues > KILLS ? values >= share * wholeValues : seconds > share * wholeSeconds;
    const threads = 2 - (kills.length % 2);
    const { end, values } = await runOnce({ experiment, profile, folder, threads, killWhen });
    if (end === "SIGKILL") {
      kills.push(values);
      continue;
    }
    // It got to the end before: from the start again, killed sooner.
    rmSync(folder, { recursive: true });
    kills = [];
    haste *= 0.7;
  }
  await runOnce({ experiment, profile, folder, threads: 1 });
  return kills;
}
