/**
 * @file `npm run bench:deep`: the certified probes of one checkpoint of figure 8's network, 129 layers × 60,000 images,
 * made by the experiment's own code with nothing from the store: before training, and after some of it.
 */
import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { type ProblemKernels, type Row, rootStream, type WasmRuntime } from "@linear-probes/core";
import { positiveInteger } from "../src/commands/arguments.ts";
import { runDeep } from "../src/deep-run.ts";
import { deepProbes } from "../src/deep-settings.ts";
import { systemEffects } from "../src/effects.ts";
import type { TaskContext } from "../src/experiment.ts";
import { createMeter } from "../src/ledger.ts";
import { deepDigits } from "../src/stages/deep-network.ts";
import { createWasmRuntime } from "../src/stages/kernels.ts";
import { textTable } from "../src/table.ts";

interface Flags {
  readonly layers: number;
  readonly rows: number;
  readonly steps: number;
  readonly threads: number;
}

const TARGET_SECONDS = 60;
const IMAGES = 60_000;
const network = { depth: 128, width: 128, auxEvery: 0, skipTo: 64 };
const phases = ["activations", "fits", "certificates"] as const;
type Phase = (typeof phases)[number];

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
  const runtime = await createWasmRuntime({ threads });
  const stopwatch = createStopwatch();
  try {
    const context = contextOf(stopwatch.watch(runtime), stopwatch);
    const digits = await deepDigits(context, IMAGES);
    if (digits.record.notice !== undefined) log(digits.record.notice);
    const frames = {
      ...deepProbes,
      name: "deep",
      steps: [0, steps],
      images: rows,
      layers: Array.from({ length: layers }, (_, at) => Math.round((at * network.depth) / (layers - 1))),
      protocols: ["certified-standardized"],
      warm: false,
    } as const;
    const settings = { variant: "skip", replica: 0, network, kept: frames.steps, ownAnswers: true };
    const made = await runDeep({ ...settings, frames: [frames] }, digits, context);
    const { relativeGap, l2 } = deepProbes.certified;
    const shape = `${layers} probes × ${Math.min(rows, IMAGES)} × ${network.width} × ${digits.classes}`;
    log(`\n${shape}, l2 ${l2}, relative gap ${relativeGap}, ${threads} threads; seconds of the wall (of processors)\n`);
    const header = ["step", "certified", "passes, mean", "max", ...phases, "all"];
    log(
      textTable(
        header,
        frames.steps.map((step, at) => checkpointCells(step, made, stopwatch.laps[at])),
      ).join("\n"),
    );
    const slowest = Math.max(...stopwatch.laps.map((lap) => total(lap).wall));
    const whole = layers > network.depth && rows >= IMAGES ? "" : " (shortened: not what the target asks for)";
    log(
      `\ntarget ${TARGET_SECONDS} s: ${slowest <= TARGET_SECONDS ? "met" : "MISSED"}, ${slowest.toFixed(1)} s${whole}`,
    );
  } finally {
    await runtime.dispose();
  }
}

/** What the experiment gets from its runner, without a store: all is made anew. */
function contextOf(runtime: WasmRuntime, stopwatch: Stopwatch): TaskContext {
  const effects = systemEffects(log);
  return {
    ...effects,
    stream: rootStream(1).split("fig08-skip-connection"),
    runtime,
    threads: runtime.threads,
    dataDir: process.env["PROBES_DATA_DIR"],
    async remember(_, facts, compute) {
      const meter = createMeter(effects);
      const made = (): ReturnType<typeof compute> => compute(meter);
      const { json, arrays = {} } = await (facts.kind === "deep-probes" ? stopwatch.lap(made) : made());
      return { facts, json, arrays, cost: meter.cost(), reused: false };
    },
    recall: () => undefined,
    keep: () => {},
    forget: () => {},
  };
}

function checkpointCells(step: number, rows: readonly Row[], lap: Lap | undefined): (string | number)[] {
  const probes = rows.filter((row) => row["kind"] === "probe" && row["step"] === step);
  const passes = probes.map((row) => Number(row["passes"]));
  const certified = probes.filter((row) => row["certified"] === true).length;
  const mean = passes.reduce((sum, one) => sum + one, 0) / passes.length;
  const times = lap === undefined ? [] : [...phases.map((phase) => lap[phase]), total(lap)];
  return [
    step,
    `${certified} of ${probes.length}`,
    mean.toFixed(1),
    Math.max(...passes).toFixed(1),
    ...times.map(({ wall, cpu }) => `${wall.toFixed(1)} (${cpu.toFixed(1)})`),
  ];
}

interface Seconds {
  readonly wall: number;
  readonly cpu: number;
}

type Lap = Readonly<Record<Phase, Seconds>>;

function total(lap: Lap): Seconds {
  const all = phases.map((phase) => lap[phase]);
  return { wall: all.reduce((sum, { wall }) => sum + wall, 0), cpu: all.reduce((sum, { cpu }) => sum + cpu, 0) };
}

interface Stopwatch {
  readonly laps: readonly Lap[];
  /** Runs `work` as a lap of its own, which starts with activations. */
  lap<T>(work: () => Promise<T>): Promise<T>;
  /** The same runtime; which phase runs is told by what it is asked for. */
  watch(runtime: WasmRuntime): WasmRuntime;
}

/**
 * Features are asked for before their activations are made and bound when they are fitted to, and only certificates ask
 * for exact products. So every second of a lap belongs to one phase, and the experiment is measured as it is.
 */
function createStopwatch(): Stopwatch {
  const laps: Lap[] = [];
  const now = (): Seconds => {
    const { user, system } = process.cpuUsage();
    return { wall: performance.now() / 1000, cpu: (user + system) / 1e6 };
  };
  let spent: Record<Phase, Seconds>;
  let running: Phase = "activations";
  let since = now();
  const turnTo = (phase: Phase): void => {
    const at = now();
    const before = spent[running];
    spent[running] = { wall: before.wall + at.wall - since.wall, cpu: before.cpu + at.cpu - since.cpu };
    [running, since] = [phase, at];
  };
  const reset = (): void => {
    const none = { wall: 0, cpu: 0 };
    spent = { activations: none, fits: none, certificates: none };
    [running, since] = ["activations", now()];
  };
  reset();
  const watchKernels = (kernels: ProblemKernels): ProblemKernels => {
    const forwardExact = kernels.forwardExact.bind(kernels);
    const releaseMargins = kernels.releaseMargins.bind(kernels);
    return Object.assign(kernels, {
      forwardExact(...given: Parameters<typeof forwardExact>) {
        turnTo("certificates");
        forwardExact(...given);
      },
      releaseMargins(...given: Parameters<typeof releaseMargins>) {
        releaseMargins(...given);
        turnTo("fits");
      },
    });
  };
  return {
    laps,
    async lap(work) {
      reset();
      const made = await work();
      turnTo("activations");
      laps.push(spent);
      return made;
    },
    watch: (runtime) => ({
      ...runtime,
      createFeatures(options) {
        turnTo("activations");
        return runtime.createFeatures(options);
      },
      bind(features, binding) {
        turnTo("fits");
        return watchKernels(runtime.bind(features, binding));
      },
    }),
  };
}

function severalLayers(text: string): number {
  const count = positiveInteger(text);
  if (count < 2 || count > network.depth + 1) throw new InvalidArgumentError(`It must be 2 to ${network.depth + 1}.`);
  return count;
}
