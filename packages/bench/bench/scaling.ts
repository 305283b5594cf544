/**
 * @file `npm run bench:scaling`: how the cost of a probe grows with rows, columns and classes, over two decades and more
 * of each, with exponents fitted to what was measured: seconds of a pass of the fused kernel, and of a whole certified
 * fit, on drawn problems of equal difficulty (condition number 100, l2 1e-4).
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { createOracle, createWasmRuntime, rootStream, type WasmRuntime, writeFileAtomic } from "@linear-probes/core";
import { lbfgs } from "@linear-probes/solvers";
import { fitPower } from "../src/compare/fit-power.ts";
import { drawSynthetic } from "../src/compare/parts/synthetic.ts";
import { type LoadedProblem, releaseProblem } from "../src/compare/problem.ts";
import { provenance } from "../src/provenance.ts";
import { resultsFolder } from "../src/results.ts";
import { textTable } from "../src/table.ts";
import { fitOurs } from "./peers/ours.ts";
import { type ProblemData, valuesOf } from "./peers/problem-files.ts";

const L2 = 1e-4;
const GAP = 1e-6; // relative, certified

/** One of n, d, k varies while the others stay. */
const AXES = {
  rows: [1000, 3000, 10_000, 30_000, 100_000, 300_000].map((rows) => ({ rows, cols: 64, classes: 5 })),
  cols: [8, 16, 32, 64, 128, 256, 512, 1024].map((cols) => ({ rows: 10_000, cols, classes: 5 })),
  classes: [2, 4, 10, 20, 50, 100, 200].map((classes) => ({ rows: 10_000, cols: 64, classes })),
};
type Axis = keyof typeof AXES;
type Shape = (typeof AXES)[Axis][number];

type ScalingRow = Shape & {
  readonly axis: Axis;
  readonly secondsPerPass: number; // median
  readonly fitSeconds: number; // median
  readonly fitPasses: number;
};

interface Flags {
  readonly threads: number;
  readonly repeats: number;
  readonly out: string;
}

const log = (line: string): void => void process.stdout.write(`${line}\n`);

await new Command("bench:scaling")
  .option("--threads <n>", "worker threads", positiveInteger, availableParallelism())
  .option("--repeats <n>", "fits of each problem", positiveInteger, 3)
  .option("--out <file>", "where the rows are written", join(resultsFolder, "scaling", "scaling.json"))
  .action(run)
  .parseAsync();

async function run({ threads, repeats, out }: Flags): Promise<void> {
  const runtime = await createWasmRuntime({ threads });
  try {
    const rows = axes().flatMap((axis) =>
      AXES[axis].map((shape) => {
        const row = { axis, ...shape, ...measure(runtime, shape, repeats) };
        log(`${axis}: ${shape.rows} × ${shape.cols} × ${shape.classes}, ${row.fitSeconds.toPrecision(3)} s`);
        return row;
      }),
    );
    const exponents = axes().flatMap((axis) =>
      exponentsOf(
        axis,
        rows.filter((row) => row.axis === axis),
      ),
    );
    writeFileAtomic(out, `${JSON.stringify({ ...provenance(), threads, rows, exponents }, null, 2)}\n`);
    for (const line of [...measuredTable(rows), "", ...exponentTable(exponents), "", `rows: ${out}`]) log(line);
  } finally {
    await runtime.dispose();
  }
}

function axes(): readonly Axis[] {
  return ["rows", "cols", "classes"];
}

function measure(runtime: WasmRuntime, shape: Shape, repeats: number) {
  const loaded = drawSynthetic(
    { ...shape, condition: 100, labels: "sampled" },
    { runtime, stream: rootStream("scaling"), dataDir: undefined, log },
  );
  const secondsPerPass = timePass(runtime, loaded);
  const data = dataOf(loaded);
  releaseProblem(loaded);
  fitOurs(runtime, data, L2, lbfgs(), GAP); // warms up
  const fits = Array.from({ length: repeats }, () => fitOurs(runtime, data, L2, lbfgs(), GAP));
  return {
    secondsPerPass,
    fitSeconds: median(fits.map(({ seconds }) => seconds)),
    fitPasses: fits[0]?.result.passes ?? Number.NaN,
  };
}

/** Median over at least 5 calls and 0.3 s. */
function timePass(runtime: WasmRuntime, { train }: LoadedProblem): number {
  const oracle = createOracle(runtime, { train, l2: L2, scaling: "none" }, "centred");
  const theta = new Float64Array(oracle.dimension).fill(0.01);
  const gradient = new Float64Array(oracle.dimension);
  oracle.valueAndGradient(theta, gradient);
  const seconds: number[] = [];
  for (const start = performance.now(); seconds.length < 5 || performance.now() - start < 300;) {
    const before = performance.now();
    oracle.valueAndGradient(theta, gradient);
    seconds.push((performance.now() - before) / 1000);
  }
  return median(seconds);
}

function dataOf({ train }: LoadedProblem): ProblemData {
  const { features, labels, classes } = train;
  const { rows, cols } = features;
  const none = "";
  const files = { name: "scaling", features: none, labels: none, svmlight: async () => none, rows, cols, classes };
  return { files, x: valuesOf(features), labels };
}

interface Exponent {
  readonly axis: Axis;
  readonly cost: "secondsPerPass" | "fitSeconds";
  readonly exponent: number; // over the whole range
  readonly upper: number; // over its upper half, where fixed costs no longer weigh
  readonly worstDecades: number;
}

function exponentsOf(axis: Axis, rows: readonly ScalingRow[]): readonly Exponent[] {
  return (["secondsPerPass", "fitSeconds"] as const).map((cost) => {
    const points = rows.map((row) => ({ x: row[axis], y: row[cost] }));
    const { exponent, worstDecades } = fitPower(points);
    const upper = fitPower(points.slice(Math.floor(points.length / 2))).exponent;
    return { axis, cost, exponent, upper, worstDecades };
  });
}

function measuredTable(rows: readonly ScalingRow[]): string[] {
  return textTable(
    ["axis", "n", "d", "k", "ms per pass", "ms of a fit", "passes"],
    rows.map((row) => [
      row.axis,
      row.rows,
      row.cols,
      row.classes,
      (1000 * row.secondsPerPass).toPrecision(3),
      (1000 * row.fitSeconds).toPrecision(3),
      row.fitPasses.toFixed(1),
    ]),
  );
}

function exponentTable(exponents: readonly Exponent[]): string[] {
  return textTable(
    ["cost grows with", "cost", "exponent", "upper half", "worst fit, decades"],
    exponents.map(({ axis, cost, exponent, upper, worstDecades }) => [
      axis,
      cost,
      exponent.toFixed(2),
      upper.toFixed(2),
      worstDecades.toFixed(2),
    ]),
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value > 0)) throw new InvalidArgumentError("It must be a positive integer.");
  return value;
}
