/**
 * @file `npm run bench:streaming`: a certified probe on more rows than memory: 5,000,000 × 128 in a file, read block by
 * block on every pass. Prints the time of a pass and the greatest resident memory, which the features do not enter.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import {
  certifiedGap,
  createWasmRuntime,
  fit,
  labelled,
  passBudget,
  rootStream,
  type WasmRuntime,
} from "@linear-probes/core";
import { lbfgs } from "@linear-probes/solvers";
import { createTeacher, drawRows, type SyntheticShape } from "../src/compare/parts/synthetic.ts";

const BLOCK_ROWS = 50_000;
const MOST_MIB = 2048;

interface Flags {
  readonly rows: number;
  readonly cols: number;
  readonly classes: number;
  readonly threads: number;
  readonly gap: number;
  readonly folder: string;
}

const log = (line: string): void => void process.stdout.write(`${line}\n`);

await new Command("bench:streaming")
  .option("--rows <n>", "rows", positive, 5_000_000)
  .option("--cols <n>", "columns", positive, 128)
  .option("--classes <n>", "classes", positive, 5)
  .option("--threads <n>", "worker threads", positive, availableParallelism())
  .option("--gap <g>", "relative gap to certify", positive, 1e-4)
  .option("--folder <path>", "where the features are put for the time being", tmpdir())
  .action(run)
  .parseAsync();

async function run({ rows, cols, classes, threads, gap, folder }: Flags): Promise<void> {
  const scratch = mkdtempSync(join(folder, "probes-streaming-"));
  const runtime = await createWasmRuntime({ threads });
  try {
    const shape = { rows, cols, classes, condition: 100, labels: "sampled" } as const;
    const train = drawToFile(runtime, shape, join(scratch, "features"));
    log(`drawn: ${rows} × ${cols}, ${mib(4 * rows * cols)} MiB in a file; peak memory so far ${peakMiB()} MiB`);
    const start = performance.now();
    const result = fit(runtime, { train, l2: 1e-4, scaling: "none" }, lbfgs(), {
      stream: rootStream("streaming"),
      stop: [certifiedGap({ relative: gap }), passBudget(100)],
    });
    const seconds = (performance.now() - start) / 1000;
    const passes = result.passes + result.certificatePasses;
    log(`${result.status}: ${result.reason} ${passes.toFixed(1)} passes with certificates, ${seconds.toFixed(1)} s`);
    const peak = peakMiB();
    log(`peak memory ${peak} MiB: ${peak <= MOST_MIB ? "within" : "MORE than"} ${MOST_MIB} MiB`);
  } finally {
    await runtime.dispose();
    rmSync(scratch, { recursive: true });
  }
}

function drawToFile(runtime: WasmRuntime, shape: SyntheticShape, path: string) {
  const { rows, cols, classes } = shape;
  const stream = rootStream("streaming/data");
  const teacher = createTeacher(shape, stream);
  const labels = new Int32Array(rows);
  const writer = runtime.createFeatures({ rows, cols, storage: "file", path, name: "streaming" });
  for (let start = 0; start < rows; start += BLOCK_ROWS) {
    const block = drawRows(shape, Math.min(BLOCK_ROWS, rows - start), teacher, stream.split(start));
    writer.write(start, block.x);
    labels.set(block.labels, start);
  }
  return labelled("train", writer.finish(), labels, classes);
}

function mib(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

function peakMiB(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("It must be a number > 0.");
  return value;
}
