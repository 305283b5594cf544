/**
 * @file `npm run bench:scaling`: how the cost of a probe grows with rows, columns and classes, over two decades and more
 * of each, with exponents fitted to what was measured: seconds of a pass of the fused kernel, and of a whole certified
 * fit, on drawn problems of equal difficulty (condition number 100, l2 1e-4).
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { createWasmRuntime, rootStream, writeFileAtomic } from "@linear-probes/core";
import { type CostAxis, type Shape, shapesOf, wideSweep } from "../src/compare/cost-axes.ts";
import { type CostExponent, costExponents } from "../src/compare/cost-exponents.ts";
import { type Cost, costOfShape } from "../src/compare/cost-of-shape.ts";
import { systemClock } from "../src/compare/stopwatch.ts";
import { provenance } from "../src/provenance.ts";
import { resultsFolder } from "../src/results.ts";
import { textTable } from "../src/table.ts";

type ScalingRow = Cost & Shape & { readonly axis: CostAxis };

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
    const rows = shapesOf(wideSweep).map(({ axis, ...shape }): ScalingRow => {
      const stream = rootStream("scaling").split(axis).split(shape[axis]);
      const row = { axis, ...shape, ...costOfShape(runtime, systemClock(), shape, stream, repeats) };
      log(`${axis}: ${shape.rows} × ${shape.cols} × ${shape.classes}, ${row.fitSeconds.toPrecision(3)} s`);
      return row;
    });
    const exponents = costExponents(rows);
    writeFileAtomic(out, `${JSON.stringify({ ...provenance(), threads, rows, exponents }, null, 2)}\n`);
    for (const line of [...measuredTable(rows), "", ...exponentTable(exponents), "", `rows: ${out}`]) log(line);
  } finally {
    await runtime.dispose();
  }
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

function exponentTable(exponents: readonly CostExponent[]): string[] {
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

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value > 0)) throw new InvalidArgumentError("It must be a positive integer.");
  return value;
}
