/** @file The `probes` command. Only here are flags, environment and exit statuses known. */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError, Option } from "commander";
import { InputError, WriteError } from "@linear-probes/core";
import { compareCommand } from "./compare/command.ts";
import { positiveInteger } from "./commands/arguments.ts";
import { exportCommand } from "./commands/export.ts";
import { golden, goldenFolder } from "./commands/golden.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { probeCommand } from "./commands/probe.ts";
import { reproduce } from "./commands/reproduce.ts";
import { collectStore, listStore } from "./commands/store.ts";
import { verify } from "./commands/verify.ts";
import { why } from "./commands/why.ts";
import { stopOnInterrupt, systemEffects } from "./effects.ts";
import { resultsFolder } from "./results.ts";
import { type ProfileName, profileNames } from "./run-record.ts";

const effects = systemEffects((line) => void process.stdout.write(`${line}\n`));

const profile = new Option("--profile <name>", "how much to compute")
  .choices(profileNames)
  .env("PROBES_PROFILE")
  .default("paper" satisfies ProfileName);
const seed = new Option("--seed <seed>", "root of all randomness").env("PROBES_SEED").default("1");
const threads = new Option("--threads <n>", "worker threads; results do not depend on it")
  .env("PROBES_THREADS")
  .argParser(positiveInteger)
  .default(availableParallelism());
const storeFolder = new Option("--store <folder>", "where computed values are kept")
  .env("PROBES_STORE_DIR")
  .default(fileURLToPath(new URL("../.store/", import.meta.url)));
const results = new Option("--results <folder>", "where results are written").default(resultsFolder);
const dataDir = new Option("--data-dir <folder>", "where datasets are looked for first").env("PROBES_DATA_DIR");

const program = new Command("probes")
  .description("How linearly readable is each layer of a neural network?")
  .showHelpAfterError("(add --help for the flags)");

interface ReproduceFlags {
  readonly profile: ProfileName;
  readonly seed: string;
  readonly threads: number;
  readonly only?: string[];
  readonly store: string;
  readonly results: string;
  readonly dataDir?: string;
}

program
  .command("reproduce")
  .description("run the experiments and write their results")
  .addOption(profile)
  .addOption(seed)
  .addOption(threads)
  .option("--only <experiments...>", "only these; the beginning of a name is enough")
  .addOption(storeFolder)
  .addOption(results)
  .addOption(dataDir)
  .action(async (flags: ReproduceFlags) => {
    const release = stopOnInterrupt(effects);
    const { store, results, dataDir, only = [], ...rest } = flags;
    const options = { ...rest, storeFolder: store, resultsFolder: results, dataDir };
    process.exitCode = await reproduce(only, options, effects);
    release();
  });

program
  .command("why")
  .description("say what has changed since the last result, and so what would run again")
  .argument("[experiments...]")
  .addOption(profile)
  .addOption(seed)
  .addOption(results)
  .action(async (names: string[], flags: { profile: ProfileName; seed: string; results: string }) => {
    process.exitCode = await why(names, { ...flags, resultsFolder: flags.results }, effects);
  });

const store = program.command("store").description("look at, or shrink, what is kept");
store
  .command("ls")
  .description("list what is kept, by kind")
  .addOption(storeFolder)
  .action((flags: { store: string }) => {
    process.exitCode = listStore(flags.store, effects);
  });
store
  .command("gc")
  .description("remove what was used longest ago")
  .addOption(new Option("--keep-gib <n>", "how much to keep").argParser(nonNegative).default(2))
  .addOption(storeFolder)
  .action((flags: { store: string; keepGib: number }) => {
    process.exitCode = collectStore(flags.store, flags.keepGib, effects);
  });

program
  .command("verify")
  .description("re-hash results and stored values")
  .addOption(storeFolder)
  .addOption(results)
  .action((flags: { store: string; results: string }) => {
    process.exitCode = verify(flags.results, flags.store, effects);
  });

program
  .command("golden")
  .description("compare the smoke results with the committed ones, or replace these")
  .addOption(new Option("--check", "compare (the default)").conflicts("write"))
  .option("--write", "replace the committed rows", false)
  .addOption(results)
  .action(async (flags: { write: boolean; results: string }) => {
    const options = { write: flags.write, resultsFolder: flags.results, goldenFolder };
    process.exitCode = await golden(options, effects);
  });

inspectCommand(program, effects);
exportCommand(program, { seed, storeFolder }, effects);
probeCommand(program, { seed, threads, storeFolder, dataDir }, effects);

compareCommand(program);

function nonNegative(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && text.trim() !== "")) throw new InvalidArgumentError("It must be a number ≥ 0.");
  return value;
}

try {
  await program.parseAsync();
} catch (error) {
  // What the user can mend is said in one line; all else is a defect and keeps its stack.
  const known = error instanceof InputError || error instanceof WriteError;
  process.stderr.write(known ? `probes: ${error.message}\n` : `${stackOf(error)}\n`);
  process.exitCode = 1;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
