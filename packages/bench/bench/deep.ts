/**
 * @file `npm run bench:deep`: the certified probes of one checkpoint of figure 8's network, 129 layers × 60,000 images,
 * made by the experiment's own code and as the experiment makes them, some layers on each thread, with nothing from the
 * store but the network: before training, and after some of it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { positiveInteger } from "../src/commands/arguments.ts";
import { trainDeep } from "../src/deep-run.ts";
import { deepProbes } from "../src/deep-settings.ts";
import { type Effects, systemEffects } from "../src/effects.ts";
import { runTasks } from "../src/pool.ts";
import { deepDigits } from "../src/stages/deep-network.ts";
import { createWasmRuntime } from "../src/stages/kernels.ts";
import { textTable } from "../src/table.ts";
import { type DeepBenchData, IMAGES, network, type Part, type PartResult, phases, runOf } from "./deep/job.ts";
import { storedContext } from "./deep/stored-context.ts";

interface Flags {
  readonly layers: number;
  readonly rows: number;
  readonly steps: number;
  readonly threads: number;
}

const TARGET_SECONDS = 60;
/** For each thread: so that none waits long for the last. */
const PARTS = 2;

const log = (line: string): void => void process.stdout.write(`${line}\n`);

await new Command("bench:deep")
  .option(
    "--layers <n>",
    "layers that get a probe, spread from the input to the last",
    severalLayers,
    network.depth + 1,
  )
  .option("--rows <n>", "images that probes are fitted to", positiveInteger, IMAGES)
  .option("--steps <n>", "of training before the second checkpoint", positiveInteger, 1000)
  .option("--threads <n>", "worker threads", positiveInteger, availableParallelism())
  .action(run)
  .parseAsync();

async function run({ layers, rows, steps, threads }: Flags): Promise<void> {
  const effects = systemEffects(log);
  const folder = mkdtempSync(join(tmpdir(), "probes-deep-"));
  const all = Array.from({ length: layers }, (_, at) => Math.round((at * network.depth) / (layers - 1)));
  const data: Omit<DeepBenchData, "parts"> = {
    kept: [0, steps],
    rows: Math.min(rows, IMAGES),
    storeFolder: folder,
    dataDir: process.env["PROBES_DATA_DIR"],
    stop: effects.stop.buffer,
  };
  try {
    const classes = await trainNetwork(data, effects, threads);
    const checkpoints = [];
    for (const step of data.kept) {
      const parts = partsOf(all, threads * PARTS).map((part): Part => ({ step, layers: part }));
      const results = await runTasks<PartResult>({
        tasks: parts.length,
        workers: threads,
        module: new URL("./deep/worker.ts", import.meta.url),
        workerData: { ...data, parts } satisfies DeepBenchData,
        stop: effects.stop,
        log,
      });
      checkpoints.push({ step, results });
    }
    const { relativeGap, l2 } = deepProbes.certified;
    const shape = `${layers} probes × ${data.rows} × ${network.width} × ${classes}`;
    log(
      `\n${shape}, l2 ${l2}, relative gap ${relativeGap}, ${threads} threads; seconds of all threads, and of the wall\n`,
    );
    const header = ["step", "certified", "passes, mean", "max", ...phases, "wall"];
    log(textTable(header, checkpoints.map(checkpointCells)).join("\n"));
    const slowest = Math.max(...checkpoints.map(({ results }) => wallOf(results)));
    const whole = layers > network.depth && rows >= IMAGES ? "" : " (shortened: not what the target asks for)";
    log(
      `\ntarget ${TARGET_SECONDS} s: ${slowest <= TARGET_SECONDS ? "met" : "MISSED"}, ${slowest.toFixed(1)} s${whole}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Leaves the network's checkpoints in the store; returns the number of digits. */
async function trainNetwork(data: Omit<DeepBenchData, "parts">, effects: Effects, threads: number): Promise<number> {
  const runtime = await createWasmRuntime({ threads });
  try {
    const context = storedContext(data, effects, runtime);
    const digits = await deepDigits(context, IMAGES);
    if (digits.record.notice !== undefined) log(digits.record.notice);
    await trainDeep(runOf(data.kept, []), digits, context);
    return digits.classes;
  } finally {
    await runtime.dispose();
  }
}

/** Neighbouring layers, in parts as equal as may be. */
function partsOf(layers: readonly number[], count: number): (readonly number[])[] {
  const cut = (part: number): number => Math.round((part * layers.length) / count);
  return Array.from({ length: count }, (_, part) => layers.slice(cut(part), cut(part + 1))).filter(
    (part) => part.length > 0,
  );
}

/** From the first part's beginning to the last one's end; what starting a thread costs is not counted. */
function wallOf(results: readonly PartResult[]): number {
  return Math.max(...results.map(({ to }) => to)) - Math.min(...results.map(({ from }) => from));
}

function checkpointCells({ step, results }: { readonly step: number; readonly results: readonly PartResult[] }) {
  const probes = results.flatMap(({ rows }) => rows).filter((row) => row["kind"] === "probe");
  const passes = probes.map((row) => Number(row["passes"]));
  const certified = probes.filter((row) => row["certified"] === true).length;
  const mean = passes.reduce((sum, one) => sum + one, 0) / passes.length;
  return [
    step,
    `${certified} of ${probes.length}`,
    mean.toFixed(1),
    Math.max(...passes).toFixed(1),
    ...phases.map((phase) => results.reduce((sum, { lap }) => sum + lap[phase], 0).toFixed(1)),
    wallOf(results).toFixed(1),
  ];
}

function severalLayers(text: string): number {
  const count = positiveInteger(text);
  if (count < 2 || count > network.depth + 1) throw new InvalidArgumentError(`It must be 2 to ${network.depth + 1}.`);
  return count;
}
