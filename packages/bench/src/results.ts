/**
 * @file Results of an experiment, the only thing that figures read: `results/<profile>/<experiment>/` with
 * `rows.jsonl` (deterministic bytes), `run.json` (provenance) and `timings.json` (seconds).
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { reject, type Row, sha256, writeFileAtomic } from "@linear-probes/core";
import { z } from "zod";
import { canonicalJson } from "./json.ts";
import { type ProfileName, type RunRecord, runRecord } from "./run-record.ts";

export interface Result {
  readonly experiment: string;
  readonly rows: readonly Row[];
  readonly run: RunRecord;
}

/** The folder of all results: packages/bench/results. */
export const resultsFolder = fileURLToPath(new URL("../results/", import.meta.url));

export const rowSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

/** Rows as JSON lines, keys sorted. */
export function rowsText(rows: readonly Row[]): string {
  return rows.map((row) => `${canonicalJson(row)}\n`).join("");
}

export function parseRows(text: string): readonly Row[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => rowSchema.parse(JSON.parse(line)));
}

/** Writes the three files of a result; each appears whole or not at all, `run.json` last. Returns their folder. */
export function writeResult(rows: readonly Row[], run: Omit<RunRecord, "rowsSha256">, root = resultsFolder): string {
  const folder = join(root, run.profile, run.experiment);
  const rowsSha256 = writeFileAtomic(join(folder, "rows.jsonl"), rowsText(rows));
  writeFileAtomic(join(folder, "timings.json"), pretty(run.timings));
  writeFileAtomic(join(folder, "run.json"), pretty({ ...run, rowsSha256 }));
  return folder;
}

/** The result of one experiment, checked against its own hash; undefined when there is none. */
export function readResult(profile: ProfileName, experiment: string, root = resultsFolder): Result | undefined {
  const folder = join(root, profile, experiment);
  if (!existsSync(join(folder, "run.json"))) return undefined;
  const run = runRecord.parse(JSON.parse(readFileSync(join(folder, "run.json"), "utf8")));
  const text = readFileSync(join(folder, "rows.jsonl"), "utf8");
  const actual = sha256(text);
  if (actual !== run.rowsSha256) {
    const rule = `must have the sha256 that run.json names, ${run.rowsSha256}`;
    reject(join(folder, "rows.jsonl"), rule, actual, "run `probes reproduce` again");
  }
  return { experiment, rows: parseRows(text), run };
}

/** All results of a profile, in order of experiment name. */
export function readResults(profile: ProfileName, root = resultsFolder): readonly Result[] {
  const folder = join(root, profile);
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return names.flatMap((name) => readResult(profile, name, root) ?? []);
}

function pretty(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
