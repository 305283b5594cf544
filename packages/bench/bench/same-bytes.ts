/**
 * @file `npm run bench:same-bytes`: shows that the rows of an experiment are the same bytes from the store alone, from a
 * second run, on one thread instead of two, and from a run that was killed with SIGKILL three times at random and
 * resumed on other numbers of threads. Prints a table; exits with 1 when any rows differ from what the experiment's
 * replay level claims.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootStream, sha256, type Stream } from "@linear-probes/core";
import { Command, Option } from "commander";
import { differenceOf } from "../src/commands/golden.ts";
import type { Experiment } from "../src/experiment.ts";
import { chooseExperiments, type ExperimentId, loadExperiment } from "../src/experiments/index.ts";
import { parseRows } from "../src/results.ts";
import { type ProfileName, profileNames } from "../src/run-record.ts";
import { textTable } from "../src/table.ts";
import { rowsOf, runOnce, type RunEnd } from "../test/fixtures/killed-run.ts";

const KILLS = 3;
const ways = ["from the store", "2 threads again", "1 thread", "killed and resumed"] as const;

interface Kill {
  readonly seconds: number; // after its run was started
  readonly values: number; // in the store then
}

interface Line {
  readonly cells: readonly (string | number)[];
  readonly different: number; // runs
}

const log = (line: string): void => void process.stdout.write(`${line}\n`);

const program = new Command("bench:same-bytes")
  .addOption(new Option("--profile <name>", "how much to compute").choices(profileNames).default("smoke"))
  .option("--only <experiments...>", "only these; the beginning of a name is enough", [])
  .option("--kills-seed <seed>", "root of the moments of the kills", "1")
  .parse();
const { profile, only, killsSeed } = program.opts<{ profile: ProfileName; only: string[]; killsSeed: string }>();

const root = mkdtempSync(join(tmpdir(), "probes-same-"));
try {
  const lines: Line[] = [];
  for (const id of chooseExperiments(only, profile)) lines.push(await compareRuns(id));
  const header = ["experiment", "replay level", "rows", "bytes", "sha256 of rows.jsonl", ...ways, "kills"];
  const cells = lines.map((line) => line.cells);
  log(`\n${textTable(header, cells).join("\n")}\n`);
  log(
    "rows hold no seconds: those of comparisons are measured anew in each run, lie in seconds.jsonl and are left out",
  );
  const different = lines.reduce((sum, line) => sum + line.different, 0);
  log(different === 0 ? "all runs replay as their experiments claim" : `${different} runs do not replay as claimed`);
  if (different > 0) process.exitCode = 1;
} finally {
  rmSync(root, { recursive: true });
}

async function compareRuns(id: ExperimentId): Promise<Line> {
  const experiment = await loadExperiment(id);
  const run = { experiment: id, profile };
  const folderOf = (name: string): string => join(root, id, name);
  const first = await runOnce({ ...run, folder: folderOf("first"), threads: 2 });
  const wanted = rowsOf(id, folderOf("first"), profile);
  log(`${id}: 2 threads, ${first.seconds.toFixed(1)} s, ${first.values} stored values`);
  const verdicts: string[] = [];
  const compare = (name: string): void => {
    const verdict = verdictOf(experiment, wanted, rowsOf(id, folderOf(name), profile));
    log(`${id}: ${ways[verdicts.length]}, ${verdict}`);
    verdicts.push(verdict);
    rmSync(folderOf(name), { recursive: true });
  };
  rmSync(join(folderOf("first"), "results"), { recursive: true });
  const replay = await runOnce({ ...run, folder: folderOf("first"), threads: 2 });
  compare("first");
  await runOnce({ ...run, folder: folderOf("second"), threads: 2 });
  compare("second");
  await runOnce({ ...run, folder: folderOf("single"), threads: 1 });
  compare("single");
  const kills = await killAndResume(id, folderOf("broken"), first, replay);
  compare("broken");
  const moments = kills.map(({ seconds, values }) => `${seconds.toFixed(2)} s with ${values}`).join(", ");
  const count = parseRows(wanted).length;
  const size = Buffer.byteLength(wanted);
  const ends = `after ${moments} of ${first.values} values`;
  return {
    cells: [id, experiment.replayLevel, count, size, sha256(wanted).slice(0, 16), ...verdicts, ends],
    different: verdicts.filter((verdict) => verdict.startsWith("DIFFERENT")).length,
  };
}

/** Equal bytes are asked for unless the experiment claims a tolerance only. */
function verdictOf({ replayLevel, goldenTolerance }: Experiment, wanted: string, rows: string): string {
  if (rows === wanted) return "same bytes";
  const tolerance = replayLevel === "tolerance" ? goldenTolerance : {};
  const difference = differenceOf(parseRows(wanted), { rows: parseRows(rows) }, tolerance);
  if (difference !== undefined) return `DIFFERENT: ${difference}`;
  return replayLevel === "tolerance" ? "within tolerance" : "DIFFERENT: equal rows, other bytes";
}

/** Kills three times on the way to the end, then lets the run finish. */
async function killAndResume(
  experiment: ExperimentId,
  folder: string,
  whole: RunEnd,
  replay: RunEnd,
): Promise<readonly Kill[]> {
  const stream = rootStream(killsSeed).split("same-bytes").split(experiment);
  for (let restarts = 0; ; restarts++) {
    const kills: Kill[] = [];
    while (kills.length < KILLS) {
      const killWhen = killMoment(stream.split(restarts).split(kills.length), whole, replay);
      const threads = 2 - (kills.length % 2);
      const { end, values, seconds } = await runOnce({ experiment, profile, folder, threads, killWhen });
      if (end !== "SIGKILL") break;
      kills.push({ seconds, values });
    }
    if (kills.length === KILLS) {
      await runOnce({ experiment, profile, folder, threads: 1 });
      return kills;
    }
    // It got to the end before: from the start again.
    rmSync(folder, { recursive: true });
  }
}

/**
 * After a random number of new values, so that there is something to go on from, a random time into the making of the
 * next; where a run stores too few values for that, at a random moment of its time.
 */
function killMoment(stream: Stream, whole: RunEnd, replay: RunEnd): (values: number, seconds: number) => boolean {
  const work = Math.max(whole.seconds - replay.seconds, 0);
  const share = Math.floor(whole.values / KILLS);
  const part = stream.uniform();
  if (share === 0) return (_, seconds) => seconds >= part * (replay.seconds + work / KILLS);
  const wanted = 1 + stream.integer(share);
  const delay = (part * work) / whole.values;
  let atStart: number | undefined;
  let since: number | undefined;
  return (values, seconds) => {
    atStart ??= values;
    if (values >= atStart + wanted) since ??= seconds;
    return since !== undefined && seconds >= since + delay;
  };
}
