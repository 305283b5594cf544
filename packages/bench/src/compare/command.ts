/** @file `probes compare`: solvers on problems, as rows, timings and a summary. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, InvalidArgumentError, Option } from "commander";
import { createWasmRuntime, reject, rootStream, writeFileAtomic } from "@linear-probes/core";
import { stopOnInterrupt, systemEffects } from "../effects.ts";
import { canonicalJson } from "../json.ts";
import { provenance } from "../provenance.ts";
import { resultsFolder } from "../results.ts";
import { type ComparisonContext, compareProblem } from "./compare-problem.ts";
import type { ComparisonRow, TimingRow } from "./comparison-rows.ts";
import { chooseContestants, contestants } from "./contestants.ts";
import type { CompareProblem } from "./problem.ts";
import { compareProblems } from "./problems/index.ts";
import { libsvmFile } from "./problems/libsvm-file.ts";
import { shapeGrid } from "./problems/shape-grid.ts";
import { systemClock } from "./stopwatch.ts";
import { latestStoredNetwork } from "./stored-network.ts";
import { storedRuns } from "./stored-runs.ts";
import { summaryTable } from "./summary-table.ts";

interface CompareFlags {
  readonly problems?: readonly string[];
  readonly solvers?: readonly string[];
  readonly grid: boolean;
  readonly file?: string;
  readonly testFile?: string;
  readonly l2?: readonly number[];
  readonly seeds: number;
  readonly passes: number;
  readonly seconds: number;
  readonly gap: number;
  readonly rows?: number;
  readonly seed: string;
  readonly threads: number;
  readonly dataDir?: string;
  readonly store: string;
  readonly fresh: boolean;
  readonly out: string;
}

/** Adds the command to `program`. */
export function compareCommand(program: Command): void {
  program
    .command("compare")
    .description("compare convex solvers: passes and seconds to a certified optimum")
    .option("--problems <names...>", `of ${compareProblems.map(({ name }) => name).join(", ")} (default: all)`)
    .option("--grid", "also a grid of columns, classes and condition numbers", false)
    .option("--file <path>", "also a problem of your own, in LIBSVM's format, columns standardised")
    .option("--test-file <path>", "its test rows (default: a fifth of the file)")
    .option("--solvers <names...>", `of ${contestants.map(({ name }) => `"${name}"`).join(", ")} (default: all)`)
    .option("--l2 <numbers...>", "penalties (default: each problem's own)", collectPositive)
    .option("--seeds <n>", "runs of each stochastic solver", positive, 5)
    .option("--passes <n>", "budget of a run, traversals of the rows", positive, 1000)
    .option("--seconds <s>", "budget of a run, of the solver alone", positive, 30)
    .option("--gap <g>", "a run ends when this relative gap is certified", positive, 1e-7)
    .option("--rows <n>", "at most so many rows of each problem", positive)
    .option("--seed <seed>", "root of all randomness", "1")
    .option("--threads <n>", "worker threads; only the seconds depend on it", positive, availableParallelism())
    .addOption(new Option("--data-dir <folder>", "where datasets are looked for first").env("PROBES_DATA_DIR"))
    .addOption(storeOption())
    .option("--fresh", "run again what is in the store", false)
    .option(
      "--out <folder>",
      "where rows.jsonl, timings.jsonl and run.json are written",
      join(resultsFolder, "compare"),
    )
    .action(async (flags: CompareFlags) => {
      process.exitCode = await compare(flags);
    });
}

/** Returns the exit status. What is done is written after every problem. */
async function compare(flags: CompareFlags): Promise<number> {
  const effects = systemEffects((line) => void process.stdout.write(`${line}\n`));
  const chosen = chooseProblems(flags);
  const contestants = chooseContestants(flags.solvers ?? []);
  const runtime = await createWasmRuntime({ threads: flags.threads });
  const release = stopOnInterrupt(effects);
  const rows: ComparisonRow[] = [];
  const timings: TimingRow[] = [];
  const { seed, threads, store: folder } = flags;
  const context: ComparisonContext = {
    clock: systemClock(),
    runtime,
    stream: rootStream(seed).split("compare"),
    dataDir: flags.dataDir,
    ...(flags.rows === undefined ? {} : { rows: flags.rows }),
    log: effects.log,
    stopped: effects.stop.requested,
    trainedNetwork: async () => latestStoredNetwork(folder),
    ...(flags.fresh ? {} : { remember: storedRuns({ folder, seed, threads, log: effects.log }) }),
  };
  try {
    for (const problem of chosen) {
      const plan = {
        problem,
        l2: flags.l2 ?? problem.l2,
        contestants,
        seeds: Array.from({ length: flags.seeds }, (_, seed) => seed),
        budgets: { passes: flags.passes, seconds: flags.seconds, relativeGap: flags.gap },
      };
      const result = await compareProblem(plan, context);
      rows.push(...result.rows);
      timings.push(...result.timings);
      writeLines(join(flags.out, "rows.jsonl"), rows);
      writeLines(join(flags.out, "timings.jsonl"), timings);
      writeFileAtomic(join(flags.out, "run.json"), `${JSON.stringify({ ...provenance(), flags }, null, 2)}\n`);
      if (effects.stop.requested()) break;
    }
  } finally {
    await runtime.dispose();
    release();
  }
  for (const line of summaryTable(rows, timings)) effects.log(line);
  effects.log(`rows: ${flags.out}`);
  return effects.stop.requested() ? 130 : 0;
}

/** Those named; without names all, unless a file or the grid is what is asked for. */
function chooseProblems({ problems, grid, file, testFile }: CompareFlags): readonly CompareProblem[] {
  for (const name of problems ?? []) {
    if (!compareProblems.some((problem) => problem.name === name))
      reject("problem", `must be one of ${compareProblems.map((problem) => problem.name).join(", ")}`, name);
  }
  const all = file === undefined && !grid;
  return [
    ...compareProblems.filter(({ name }) => problems?.includes(name) ?? all),
    ...(grid ? shapeGrid : []),
    ...(file === undefined ? [] : [libsvmFile({ train: file, ...(testFile === undefined ? {} : { test: testFile }) })]),
  ];
}

function writeLines(path: string, rows: readonly (ComparisonRow | TimingRow)[]): void {
  writeFileAtomic(path, rows.map((row) => `${canonicalJson(row)}\n`).join(""));
}

function storeOption(): Option {
  return new Option("--store <folder>", "where finished runs are kept, and the trained convnet is looked for")
    .env("PROBES_STORE_DIR")
    .default(fileURLToPath(new URL("../../.store/", import.meta.url)));
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("It must be a number > 0.");
  return value;
}

function collectPositive(text: string, before: readonly number[] = []): readonly number[] {
  return [...before, positive(text)];
}
