/** @file `probes probe`: how linearly readable each layer of a model is, at one checkpoint or along several. */
import { basename, join } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { ActivationDtype, Device } from "@linear-probes/models";
import { type Effects, stopOnInterrupt } from "../effects.ts";
import { resultTable } from "../foreign/result-table.ts";
import type { ProbingOptions } from "../foreign/run-probing.ts";
import { Interrupted } from "../stop-flag.ts";
import { positiveInteger } from "./arguments.ts";

interface ProbeFlags {
  readonly data: string;
  readonly labels?: string;
  readonly labelColumn?: string;
  readonly imageSize?: { readonly height: number; readonly width: number };
  readonly testFraction?: number;
  readonly taps: readonly string[];
  readonly reducer: string;
  readonly dtype: ActivationDtype;
  readonly preprocess?: string;
  readonly rows?: number;
  readonly testRows?: number;
  readonly validation: number;
  readonly l2: readonly number[];
  readonly gap: number;
  readonly passes: number;
  readonly batch?: number;
  readonly device: Device;
  readonly cold: boolean;
  readonly controls: boolean;
  readonly seed: string;
  readonly threads: number;
  readonly store: string;
  readonly dataDir?: string;
  readonly out?: string;
}

/** What other commands have, too. */
export interface SharedOptions {
  readonly seed: Option;
  readonly threads: Option;
  readonly storeFolder: Option;
  readonly dataDir: Option;
}

/** Adds the command to `program`. */
export function probeCommand(program: Command, shared: SharedOptions, effects: Effects): void {
  program
    .command("probe")
    .description("fit a certified linear probe at each tap of a model, or of its checkpoints in order")
    .argument(
      "<models...>",
      "an ONNX file or the model.json of TensorFlow.js; or checkpoints of one network, first to last",
    )
    .requiredOption("--data <what>", "mnist, cifar10, or your folder of images, idx, npy, npz, csv")
    .option("--labels <file>", "the labels, where they are not beside the inputs")
    .option("--label-column <name>", "the column of the labels in a csv")
    .option("--image-size <height>x<width>", "the size that images of a folder are brought to", imageSize)
    .option("--test-fraction <f>", "what is held out where the data has no test set (default: 0.2)", fraction)
    .option("--taps <selectors...>", "auto, all, op:<Operator>, group:<prefix>, a name or a glob", ["auto"])
    .option(
      "--reducer <spec>",
      "none, random:N, avgpool, maxpool, pool-to:N, sparse-projection:N, cls or mean-tokens",
      "random:1000",
    )
    .addOption(
      new Option("--dtype <type>", "what activations are stored as; float16 takes half the room and rounds them")
        .choices(["float32", "float16"])
        .default("float32" satisfies ActivationDtype),
    )
    .option(
      "--preprocess <spec>",
      "of images: none, torchvision, torchvision-inception, tf-slim-inception, JSON or its file",
    )
    .option("--rows <n>", "rows for training and validation (default: 10,000 at most)", positiveInteger)
    .option("--test-rows <n>", "rows for the test (default: 10,000 at most)", positiveInteger)
    .option("--validation <f>", "the part of the rows that l2 is chosen on", fraction, 0.2)
    .option(
      "--l2 <numbers...>",
      "penalties to choose from, relative to a tap's total variance",
      positives,
      [1e-2, 1e-3, 1e-4, 1e-5, 1e-6],
    )
    .option("--gap <g>", "the relative gap that is to be certified", positive, 1e-3)
    .option("--passes <n>", "budget of a fit, traversals of the rows", positive, 200)
    .option("--batch <n>", "rows per forward pass; by default up to 16, fewer for large taps", positiveInteger)
    .addOption(
      new Option("--device <name>", "where the model runs; others than cpu are no longer repeatable to the bit")
        .choices(["cpu", "webgpu", "cuda"])
        .default("cpu" satisfies Device),
    )
    .option("--cold", "of checkpoints, also fit from nothing, to show what starting from the one before saves", false)
    .option("--controls", "also an untrained twin and a control task of random labels", false)
    .addOption(shared.seed)
    .addOption(shared.threads)
    .addOption(shared.storeFolder)
    .addOption(shared.dataDir)
    .option("--out <folder>", "where results are written (default: probes/<first model> here)")
    .action(async (models: readonly string[], flags: ProbeFlags) => {
      process.exitCode = await probe(models, flags, effects);
    });
}

/** Returns the exit status: 0, or 130 when stopped on request. */
async function probe(models: readonly string[], flags: ProbeFlags, effects: Effects): Promise<number> {
  const { runProbing } = await import("../foreign/run-probing.ts"); // heavy, and no other command needs it
  const options = await probingOptions(models[0] ?? "", flags);
  const release = stopOnInterrupt(effects);
  const start = effects.seconds();
  try {
    const { folder, rows, notices, reused, computed } = await runProbing(models, options, effects);
    for (const line of resultTable(rows)) effects.log(line);
    const guessing = rows[0]?.["majorityError"];
    effects.log(`always saying the commonest class: ${(100 * Number(guessing)).toFixed(2)} % error`);
    for (const notice of notices) effects.log(notice);
    const seconds = (effects.seconds() - start).toFixed(1);
    effects.log(
      `${seconds} s, peak memory ${effects.peakRssMiB()} MiB; ${reused} stored values reused, ${computed} computed`,
    );
    effects.log(`results: ${folder}`);
    effects.log(`a page of them: node packages/report/src/cli.ts --results ${options.out} --out ${options.out}`);
    return 0;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    effects.log(`stopped; what is finished is in ${options.storeFolder}`);
    effects.log("run the same command again to go on from there, to the same bytes");
    return 130;
  } finally {
    release();
  }
}

async function probingOptions(model: string, flags: ProbeFlags): Promise<ProbingOptions> {
  const { parsePreprocess } = await import("../foreign/preprocess-option.ts");
  const { labels, labelColumn, imageSize, testFraction, rows, testRows, validation, dataDir, preprocess } = flags;
  const { data, taps, reducer, dtype, batch, device, cold, controls, seed, threads } = flags;
  return {
    data,
    dataOptions: {
      validation,
      ...(labels !== undefined && { labels }),
      ...(labelColumn !== undefined && { labelColumn }),
      ...(imageSize !== undefined && { imageSize }),
      ...(testFraction !== undefined && { testFraction }),
      ...(rows !== undefined && { rows }),
      ...(testRows !== undefined && { testRows }),
      ...(dataDir !== undefined && { dataDir }),
    },
    taps,
    reducer,
    dtype,
    ...(preprocess !== undefined && { preprocess: parsePreprocess(preprocess) }),
    ...(batch !== undefined && { batch }),
    settings: { l2Strengths: flags.l2, relativeGap: flags.gap, passes: flags.passes },
    device,
    cold,
    controls,
    seed,
    threads,
    storeFolder: flags.store,
    out: flags.out ?? join("probes", basename(model).replace(/[^\w.-]+/g, "_")),
  };
}

function imageSize(text: string): { readonly height: number; readonly width: number } {
  const [, height, width] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (!(Number(height) >= 1 && Number(width) >= 1)) throw new InvalidArgumentError("It must be <height>x<width>.");
  return { height: Number(height), width: Number(width) };
}

function fraction(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError("It must lie between 0 and 1.");
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError("It must be a number > 0.");
  return value;
}

const collected = new WeakSet<object>();

/** Adds to the values given so far; the first one replaces the default. */
function positives(text: string, before: readonly number[]): readonly number[] {
  const all = collected.has(before) ? [...before, positive(text)] : [positive(text)];
  collected.add(all);
  return all;
}
