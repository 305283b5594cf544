/** @file `probes verify`: re-hashes results and stored values. */
import { readFileSync } from "node:fs";
import { InputError } from "@linear-probes/core";
import type { Effects } from "../effects.ts";
import { experimentIds } from "../experiments/index.ts";
import { readResult } from "../results.ts";
import { profileNames } from "../run-record.ts";
import { openStore } from "../store.ts";
import { decode } from "../stored-value.ts";

/** Returns 1 when any file is not what it was when it was written. */
export function verify(resultsFolder: string, storeFolder: string, { log }: Effects): number {
  let broken = 0;
  for (const profile of profileNames)
    for (const id of experimentIds) {
      try {
        const result = readResult(profile, id, resultsFolder);
        if (result !== undefined)
          log(`ok  results/${profile}/${id}: ${result.rows.length} rows, ${result.run.rowsSha256}`);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        broken += 1;
        log(`BAD ${error.message}`);
      }
    }
  const files = openStore({ folder: storeFolder }).list();
  for (const { path } of files.filter((file) => file.path.endsWith(".value"))) {
    const entry = decode(readFileSync(path));
    if (!("broken" in entry)) continue;
    broken += 1;
    log(`BAD ${path}: ${entry.broken}; it will be computed again`);
  }
  log(`${files.length} stored values checked, ${broken} broken files`);
  return broken === 0 ? 0 : 1;
}
