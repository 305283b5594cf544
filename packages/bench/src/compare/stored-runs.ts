/**
 * @file Runs of the comparison in the store, so that an interrupted comparison goes on where it was, and a changed
 * solver runs again alone. Seconds are kept with the rows: they are of the machine that made the run.
 */
import { fileURLToPath } from "node:url";
import { createFingerprinter } from "../fingerprint.ts";
import { repositoryRoot } from "../provenance.ts";
import { openStore } from "../store.ts";
import { runResult } from "./comparison-rows.ts";
import type { ComparisonContext } from "./compare-problem.ts";

const runModule = new URL("compare-run.ts", import.meta.url);
const kernelsModule = new URL("../stages/kernels.ts", import.meta.url);
const solversModule = import.meta.resolve("@linear-probes/solvers");

export interface StoredRunsOptions {
  readonly folder: string;
  readonly seed: string;
  readonly threads: number; // the seconds depend on it
  readonly log: (line: string) => void;
}

export function storedRuns({
  folder,
  seed,
  threads,
  log,
}: StoredRunsOptions): NonNullable<ComparisonContext["remember"]> {
  const store = openStore({ folder, log });
  const fingerprint = createFingerprinter(repositoryRoot);
  const codeOf = (solver: string): string[] =>
    [runModule, kernelsModule, new URL(`solvers/${solver}.ts`, solversModule)].map(
      (module) => fingerprint(fileURLToPath(module)).sha256,
    );
  return async ({ cells, solver, scaling, budgets, data }, make) => {
    const { name, settings } = solver;
    const facts = {
      kind: "comparison-run",
      ...cells,
      scaling,
      data,
      settings: JSON.stringify({ name, ...settings }),
      budgets: JSON.stringify(budgets),
      randomness: seed,
      threads,
      code: codeOf(name),
    };
    const { json } = await store.remember(facts, async () => ({
      json: await make(),
      cost: { seconds: {}, peakRssMiB: 0 },
    }));
    return runResult.parse(json);
  };
}
