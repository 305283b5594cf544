/**
 * @file `npm run bench:peers`: our solvers against scikit-learn, PyTorch and liblinear, as far as they are installed, on
 * identical files, with equal and pinned threads. Every weight vector is judged by our certificate in float64.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { createWasmRuntime, reject, rootStream, writeFileAtomic } from "@linear-probes/core";
import { chooseContestants } from "../src/compare/contestants.ts";
import { type CompareProblem, releaseProblem } from "../src/compare/problem.ts";
import { peerFile, peerRecord, peerTargets, type TimedRow } from "../src/compare/peer-record.ts";
import { compareProblems } from "../src/compare/problems/index.ts";
import { provenance } from "../src/provenance.ts";
import { liblinearPeers } from "./peers/liblinear.ts";
import { meet } from "./peers/meet.ts";
import type { Peer } from "./peers/peer.ts";
import { peerTable, targetLines, verdictTable } from "./peers/peer-rows.ts";
import { writeProblem } from "./peers/problem-files.ts";
import { pythonPeers } from "./peers/python-peers.ts";
import { startPython } from "./peers/python-server.ts";

interface Flags {
  readonly problems: readonly string[];
  readonly l2?: readonly number[];
  readonly ours?: readonly string[];
  readonly peers?: readonly string[];
  readonly targets: readonly number[];
  readonly seconds: number;
  readonly total: number;
  readonly fresh: boolean;
  readonly repeats: number;
  readonly rows?: number;
  readonly threads: number;
  readonly python: string;
  readonly liblinear: string;
  readonly dataDir?: string;
  readonly out: string;
}

const resumed = peerRecord.extend({ settings: z.string(), git: z.unknown() });

const log = (line: string): void => void process.stdout.write(`${line}\n`);

const program = new Command("bench:peers")
  .option("--problems <names...>", "problems of `probes compare`", [
    ...new Set(peerTargets.map(({ problem }) => problem)),
  ])
  .option("--l2 <numbers...>", "penalties (default: those that a ratio is asked for)", collectPositive)
  .option("--ours <names...>", "our solvers (default: lbfgs and newton-cg; newton-cholesky for two classes)")
  .option("--peers <parts...>", "only peers whose name contains one of these")
  .option("--targets <numbers...>", "relative suboptimality (default: 1e-3 1e-6)", collectPositive)
  .option("--seconds <s>", "the longest fit granted to a peer", positive, 100)
  .option("--total <s>", "for the first runs of all peers at one penalty; the most promising come first", positive, 200)
  .option("--fresh", "also run again what an interrupted run has left in the file", false)
  .option("--repeats <n>", "timed runs of each fit of 0.5 s to 20 s; five times as many of shorter ones", positive, 3)
  .option("--rows <n>", "at most so many rows of each problem", positive)
  .option("--threads <n>", "of ours and of every peer", positive, availableParallelism())
  .option("--python <command>", "with numpy, scikit-learn, torch", "/usr/bin/python3")
  .option("--liblinear <command>", "liblinear's train", "liblinear-train")
  .addOption(new Option("--data-dir <folder>", "where datasets are looked for first").env("PROBES_DATA_DIR"))
  .option("--out <file>", "where the rows are written", peerFile())
  .action((flags: Flags) => run({ ...flags, targets: (flags.targets ?? [1e-3, 1e-6]).toSorted((a, b) => b - a) }));
await program.parseAsync();

async function run(flags: Flags): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "probes-peers-"));
  const python = await startPython(flags.python, flags.threads);
  if ("missing" in python) log(`scikit-learn and PyTorch are skipped: ${python.missing}`);
  else log(`peers: ${JSON.stringify(python.versions)}`);
  const versions = "missing" in python ? {} : python.versions;
  const peers = [
    ...("missing" in python ? [] : pythonPeers(python, flags.threads, scratch)),
    ...liblinearPeers(flags.liblinear, scratch),
  ].filter(({ name }) => flags.peers?.some((part) => name.includes(part)) ?? true);
  const end = (): void => {
    if (!("missing" in python)) python.stop();
    rmSync(scratch, { recursive: true, force: true });
  };
  process.once("exit", end);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      log(`stopped; what is done is in ${flags.out}, and the same command goes on from there`);
      process.exit(130);
    });
  }
  const runtime = await createWasmRuntime({ threads: flags.threads });
  const { problems, l2: _l2, out, fresh, ...asked } = flags;
  const made = provenance();
  const record = {
    ...made,
    threads: flags.threads,
    limitSeconds: flags.seconds,
    versions,
    settings: JSON.stringify(asked),
  };
  const rows: TimedRow[] = fresh ? [] : [...resumable(out, record)];
  try {
    for (const name of problems) {
      const penalties = penaltiesOf(name, flags).filter((l2) => {
        const done = rows.some((row) => row.problem === name && row.l2 === l2);
        if (done) log(`${name}, l2 ${l2}: done before, kept; --fresh runs it again`);
        return !done;
      });
      if (penalties.length === 0) continue;
      for await (const found of meetings(name, penalties, flags, peers, runtime, scratch)) {
        rows.push(...found);
        writeFileAtomic(out, `${JSON.stringify({ ...record, rows }, null, 2)}\n`);
      }
    }
  } finally {
    await runtime.dispose();
    end();
  }
  for (const line of [...peerTable(rows), "", ...verdictTable(rows), "", ...targetLines(rows), "", `rows: ${out}`])
    log(line);
}

/** Rows of an earlier run of the same code, programs and settings. */
function resumable(
  path: string,
  record: { readonly settings: string; readonly git: unknown; readonly versions: object },
) {
  if (!existsSync(path)) return [];
  const before = resumed.safeParse(JSON.parse(readFileSync(path, "utf8")));
  if (!before.success) return [];
  const same = (["settings", "git", "versions"] as const).every(
    (key) => JSON.stringify(before.data[key]) === JSON.stringify(record[key]),
  );
  return same ? before.data.rows : [];
}

function penaltiesOf(name: string, { l2 }: Flags): readonly number[] {
  const wanted = peerTargets.filter(({ problem }) => problem === name).map((target) => target.l2);
  if (l2 !== undefined) return l2;
  return wanted.length > 0 ? wanted : problemOf(name).l2;
}

function problemOf(name: string): CompareProblem {
  return (
    compareProblems.find((problem) => problem.name === name) ??
    reject("problem", `must be one of ${compareProblems.map((problem) => problem.name).join(", ")}`, name)
  );
}

type Runtime = Awaited<ReturnType<typeof createWasmRuntime>>;

/** The meetings of ours and the peers on one problem, penalty by penalty. */
async function* meetings(
  name: string,
  penalties: readonly number[],
  flags: Flags,
  peers: readonly Peer[],
  runtime: Runtime,
  scratch: string,
) {
  const problem = problemOf(name);
  const loaded = await problem.load({
    runtime,
    stream: rootStream("1").split("compare").split(name),
    dataDir: flags.dataDir,
    ...(flags.rows === undefined ? {} : { rows: flags.rows }),
    log,
  });
  if ("unavailable" in loaded) {
    log(`${name}: unavailable, ${loaded.unavailable}`);
    return;
  }
  const data = writeProblem(name, loaded.train, problem.scaling, scratch);
  releaseProblem(loaded);
  const usual = data.files.classes === 2 ? ["lbfgs", "newton-cholesky"] : ["lbfgs", "newton-cg"];
  const solvers = chooseContestants(flags.ours ?? usual).map(({ solver }) => solver);
  for (const l2 of penalties) {
    const { targets, repeats, seconds: limitSeconds, total: totalSeconds } = flags;
    yield await meet(runtime, data, { l2, targets, solvers, peers, limitSeconds, totalSeconds, repeats, log });
  }
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("It must be a number > 0.");
  return value;
}

function collectPositive(text: string, before: readonly number[] = []): readonly number[] {
  return [...before, positive(text)];
}
