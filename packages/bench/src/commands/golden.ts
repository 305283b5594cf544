/**
 * @file `probes golden`: compares the smoke results with the committed rows, byte for byte where an experiment replays
 * bitwise anywhere, else within the experiment's stated tolerances. One golden file per experiment and dataset.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Row, writeFileAtomic } from "@linear-probes/core";
import type { Effects } from "../effects.ts";
import { chooseExperiments, loadExperiment } from "../experiments/index.ts";
import { parseRows, readResult, type Result, rowsText } from "../results.ts";

export const goldenFolder = fileURLToPath(new URL("../../golden/smoke/", import.meta.url));

export interface GoldenOptions {
  readonly write: boolean;
  readonly resultsFolder: string;
  readonly goldenFolder: string;
}

export async function golden(options: GoldenOptions, { log }: Effects): Promise<number> {
  let bad = 0;
  for (const id of chooseExperiments([], "smoke")) {
    const result = readResult("smoke", id, options.resultsFolder);
    if (result === undefined) {
      log(`BAD ${id}: no smoke result; run \`probes reproduce --profile smoke\` first`);
      bad += 1;
      continue;
    }
    const path = join(options.goldenFolder, `${id}.${result.run.dataset.name}.jsonl`);
    if (options.write) {
      writeFileAtomic(path, rowsText(result.rows));
      log(`wrote ${path}`);
      continue;
    }
    if (result.run.dataset.synthetic && !existsSync(path)) {
      log(`skipped ${id}: golden rows are of the real data, which could not be had`);
      continue;
    }
    if (result.run.machine.arithmetic !== "fused") {
      log(`skipped ${id}: golden rows are of fused arithmetic, which this machine lacks`);
      continue;
    }
    const difference = existsSync(path)
      ? differenceOf(parseRows(readFileSync(path, "utf8")), result, (await loadExperiment(id)).goldenTolerance)
      : `${path} is missing; write it with \`probes golden --write\``;
    log(difference === undefined ? `ok  ${id} (${result.run.dataset.name})` : `BAD ${id}: ${difference}`);
    if (difference !== undefined) bad += 1;
  }
  return bad === 0 ? 0 : 1;
}

/** The first difference in words; undefined when the rows agree. */
export function differenceOf(
  expected: readonly Row[],
  { rows }: Pick<Result, "rows">,
  tolerance: Readonly<Record<string, number>> = {},
): string | undefined {
  if (rows.length !== expected.length) return `${rows.length} rows, ${expected.length} expected`;
  for (const [line, row] of rows.entries()) {
    const wanted = expected[line] ?? {};
    for (const key of new Set([...Object.keys(wanted), ...Object.keys(row)])) {
      const [got, want, allowed] = [row[key], wanted[key], tolerance[key]];
      const near =
        typeof got === "number" && typeof want === "number" && allowed !== undefined && Math.abs(got - want) <= allowed;
      if (got === want || near || allowed === Infinity) continue;
      return `row ${line + 1}, ${key}: ${String(got)}, ${String(want)} expected${allowed === undefined ? "" : ` within ${allowed}`}`;
    }
  }
  return undefined;
}
