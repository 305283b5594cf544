/**
 * @file Results of an experiment, the only thing that figures read: `results/<profile>/<experiment>/` with
 * `rows.jsonl` (deterministic bytes), `run.json` (provenance), `timings.json` (seconds by phase), and where single rows
 * have seconds of their own, `seconds.jsonl`.
 */
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { reject, type Row, sha256, writeFileAtomic } from "@linear-probes/core";
import { z } from "zod";
import type { PeerRecord } from "./compare/peer-record.ts";
import { canonicalJson } from "./json.ts";
import { type ProfileName, type RunRecord, runRecord } from "./run-record.ts";

export interface Result {
  readonly experiment: string;
  readonly rows: readonly Row[];
  readonly run: RunRecord;
  /** Seconds that belong to rows, which name them by their cells. */
  readonly seconds?: readonly Row[];
  /** What other programs took on the same problems, where they have been run. */
  readonly peers?: PeerRecord;
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

/**
 * Writes the files of a result and returns their folder. They are written in full beside the result that is there and
 * only then take its place, `run.json` last: on a full disk the old result stays as it was.
 */
export function writeResult(
  rows: readonly Row[],
  run: Omit<RunRecord, "rowsSha256" | "secondsSha256">,
  root = resultsFolder,
  seconds: readonly Row[] = [],
): string {
  const folder = join(root, run.profile, run.experiment);
  const next = join(folder, `.next-${randomUUID()}`);
  const written: string[] = [];
  const write = (name: string, text: string): string => {
    written.push(name);
    return writeFileAtomic(join(next, name), text);
  };
  try {
    const rowsSha256 = write("rows.jsonl", rowsText(rows));
    const secondsSha256 = seconds.length === 0 ? undefined : write("seconds.jsonl", rowsText(seconds));
    write("timings.json", pretty(run.timings));
    const hashes = { rowsSha256, ...(secondsSha256 === undefined ? {} : { secondsSha256 }) };
    write("run.json", pretty({ ...run, ...hashes }));
    for (const name of written) renameSync(join(next, name), join(folder, name));
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
  return folder;
}

/** The result of one experiment, checked against its own hashes; undefined when there is none. */
export function readResult(profile: ProfileName, experiment: string, root = resultsFolder): Result | undefined {
  const folder = join(root, profile, experiment);
  if (!existsSync(join(folder, "run.json"))) return undefined;
  const run = runRecord.parse(JSON.parse(readFileSync(join(folder, "run.json"), "utf8")));
  const rows = hashedRows(join(folder, "rows.jsonl"), run.rowsSha256);
  if (run.secondsSha256 === undefined) return { experiment, rows, run };
  return { experiment, rows, run, seconds: hashedRows(join(folder, "seconds.jsonl"), run.secondsSha256) };
}

function hashedRows(path: string, expected: string): readonly Row[] {
  const text = readFileSync(path, "utf8");
  const actual = sha256(text);
  if (actual !== expected) {
    reject(path, `must have the sha256 that run.json names, ${expected}`, actual, "run `probes reproduce` again");
  }
  return parseRows(text);
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
