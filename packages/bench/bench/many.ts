/**
 * @file `npm run bench:many`: probes of several penalties on the same features, fitted side by side (fitMany), one after
 * another, and as a warm-started path. Traversals of X and processor seconds; ratios are what to read.
 */
import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { certifiedGap, createWasmRuntime, fit, fitMany, passBudget, rootStream } from "@linear-probes/core";
import { fitPath, lbfgs } from "@linear-probes/solvers";
import { labelledRows } from "../src/compare/parts/features-of.ts";
import { createTeacher, drawRows } from "../src/compare/parts/synthetic.ts";

interface Flags {
  readonly rows: number;
  readonly cols: number;
  readonly classes: number;
  readonly probes: number;
  readonly threads: number;
  readonly gap: number;
}

const log = (line: string): void => void process.stdout.write(`${line}\n`);

await new Command("bench:many")
  .option("--rows <n>", "rows", positive, 20_000)
  .option("--cols <n>", "columns", positive, 128)
  .option("--classes <n>", "classes", positive, 10)
  .option("--probes <n>", "penalties, from 1e-1 down by half a decade each", positive, 8)
  .option("--threads <n>", "worker threads", positive, availableParallelism())
  .option("--gap <g>", "relative gap to certify", positive, 1e-4)
  .action(run)
  .parseAsync();

async function run({ rows, cols, classes, probes, threads, gap }: Flags): Promise<void> {
  const runtime = await createWasmRuntime({ threads });
  const stream = rootStream("many");
  const shape = { rows, cols, classes, condition: 100, labels: "sampled" } as const;
  const drawn = drawRows(shape, rows, createTeacher(shape, stream), stream.split("rows"));
  const train = labelledRows(runtime, "train", "many", { ...drawn, cols, classes });
  const l2 = Array.from({ length: probes }, (_, at) => 0.1 * 10 ** (-at / 2));
  const stop = [certifiedGap({ relative: gap }), passBudget(500)];
  const problems = l2.map((value) => ({ train, l2: value, scaling: "none" as const }));
  log(`${rows} × ${cols}, ${classes} classes, ${probes} penalties, relative gap ${gap}, ${threads} threads`);
  log("                traversals  processor s");
  const timed = (name: string, work: () => number): void => {
    const before = process.cpuUsage();
    const passes = work();
    const { user, system } = process.cpuUsage(before);
    log(`${name.padEnd(15)} ${passes.toFixed(1).padStart(10)} ${((user + system) / 1e6).toFixed(2).padStart(12)}`);
  };
  fit(runtime, { train, l2: 1, scaling: "none" }, lbfgs(), { stream, stop: [passBudget(3)] }); // code and features warm
  timed(
    "side by side",
    () =>
      fitMany(
        runtime,
        lbfgs(),
        problems.map((problem) => ({ problem, stream, stop })),
      ).passes,
  );
  timed("one by one", () =>
    problems.reduce((sum, problem) => sum + fit(runtime, problem, lbfgs(), { stream, stop }).passes, 0),
  );
  const validation = { ...train, role: "validation" as const }; // the path is what is measured, not its choice
  timed("warm path", () => {
    return fitPath(runtime, { train, validation, scaling: "none" }, lbfgs(), { l2, stop, stream }).passes;
  });
  await runtime.dispose();
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("It must be a number > 0.");
  return value;
}
