/** @file `probes store ls` and `probes store gc`. */
import type { Effects } from "../effects.ts";
import { openStore, type StoredFile } from "../store.ts";
import { textTable } from "../table.ts";

export function listStore(folder: string, { log }: Effects): number {
  const byKind = Map.groupBy(openStore({ folder }).list(), (file) => file.kind);
  const rows = [...byKind].map(([kind, files]) => [kind, files.length, mebibytes(files)]);
  for (const line of textTable(["kind", "values", "MiB"], rows)) log(line);
  log(`store: ${folder}`);
  return 0;
}

/** Removes what was used longest ago until at most `keepGiB` are left. */
export function collectStore(folder: string, keepGiB: number, { log }: Effects): number {
  const gone = openStore({ folder }).collect(keepGiB * 2 ** 30);
  log(`store: removed ${gone.length} values, ${mebibytes(gone)} MiB, from ${folder}`);
  return 0;
}

function mebibytes(files: readonly StoredFile[]): number {
  return Math.round((files.reduce((sum, file) => sum + file.bytes, 0) / 2 ** 20) * 10) / 10;
}
