/**
 * @file `npm run bench:peers`: our solvers against scikit-learn, PyTorch and liblinear, as far as they are installed, on
 * identical files, with equal and pinned threads. Every weight vector is judged by our certificate in float64.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { createWasmRuntime, reject, rootStream, writeFileAtomic } from "@linear-probes/core";
import { chooseContestants } from "../src/compare/contestants.ts";
import { releaseProblem } from "../src/compare/problem.ts";
import { peerFile, peerTargets, type TimedRow } from "../src/compare/peer-record.ts";
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
  readonly ours: readonly string[];
  readonly peers?: readonly string[];
  readonly targets: readonly number[];
  readonly seconds: number;
  readonly repeats: number;
  readonly rows?: number;
  readonly threads: number;
  readonly python: string;
  readonly liblinear: string;
  readonly dataDir?: string;
  readonly out: string;
}

const log = (line: string): void => void process.stdout.write(`${line}\n`);

const program = new Command("bench:peers")
  .option("--problems <names...>", "problems of `probes compare`", [
    ...new Set(peerTargets.map(({ problem }) => problem)),
  ])
  .option("--l2 <numbers...>", "penalties (default: each problem's own)", collectPositive)
  .option("--ours <names...>", "our solvers", ["lbfgs"])
  .option("--peers <parts...>", "only peers whose name contains one of these")
  .option("--targets <numbers...>", "relative suboptimality (default: 1e-3 1e-6)", collectPositive)
  .option("--seconds <s>", "the longest fit granted to a peer", positive, 100)
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
  const runtime = await createWasmRuntime({ threads: flags.threads });
  const rows: TimedRow[] = [];
  try {
    for (const name of flags.problems) {
      for await (const found of meetings(name, flags, peers, runtime, scratch)) {
        rows.push(...found);
        const record = { ...provenance(), threads: flags.threads, limitSeconds: flags.seconds, versions, rows };
        writeFileAtomic(flags.out, `${JSON.stringify(record, null, 2)}\n`);
      }
    }
  } finally {
    if (!("missing" in python)) python.stop();
    await runtime.dispose();
    rmSync(scratch, { recursive: true });
  }
  for (const line of [
    ...peerTable(rows),
    "",
    ...verdictTable(rows),
    "",
    ...targetLines(rows),
    "",
    `rows: ${flags.out}`,
  ])
    log(line);
}

type Runtime = Awaited<ReturnType<typeof createWasmRuntime>>;

/** The meetings of ours and the peers on one problem, penalty by penalty. */
async function* meetings(name: string, flags: Flags, peers: readonly Peer[], runtime: Runtime, scratch: string) {
  const problem =
    compareProblems.find((problem) => problem.name === name) ??
    reject("problem", `must be one of ${compareProblems.map((problem) => problem.name).join(", ")}`, name);
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
  const solvers = chooseContestants(flags.ours).map(({ solver }) => solver);
  for (const l2 of flags.l2 ?? problem.l2) {
    const { targets, repeats, seconds: limitSeconds } = flags;
    yield await meet(runtime, data, { l2, targets, solvers, peers, limitSeconds, repeats, log });
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
