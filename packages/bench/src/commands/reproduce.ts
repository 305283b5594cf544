/** @file `probes reproduce`: runs the experiments of a profile and prints what they cost. */
import type { Effects } from "../effects.ts";
import { chooseExperiments } from "../experiments/index.ts";
import { type Finished, runExperiment, type RunOptions } from "../run-experiment.ts";
import { Interrupted } from "../stop-flag.ts";
import { textTable } from "../table.ts";

/** Returns the exit status: 0, or 130 when stopped on request. */
export async function reproduce(only: readonly string[], options: RunOptions, effects: Effects): Promise<number> {
  const start = effects.seconds();
  const finished: Finished[] = [];
  for (const id of chooseExperiments(only, options.profile)) {
    try {
      finished.push(await runExperiment(id, options, effects));
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      effects.log(`${id}: stopped; what is finished is in ${options.storeFolder}`);
      effects.log("run the same command again to go on from there, to the same bytes");
      return 130;
    }
  }
  for (const line of costTable(finished)) effects.log(line);
  for (const { folder } of finished) effects.log(`results: ${folder}`);
  const { notice } = finished.find(({ run }) => run.dataset.notice !== undefined)?.run.dataset ?? {};
  if (notice !== undefined) {
    effects.log(notice);
    effects.log("once the data is there, run `npx turbo run reproduce --force`: turbo does not watch data folders");
  }
  const peak = Math.max(...finished.map(({ run }) => run.timings.peakRssMiB));
  effects.log(
    `profile ${options.profile}, seed ${options.seed}: ${(effects.seconds() - start).toFixed(1)} s, ` +
      `peak memory ${peak} MiB`,
  );
  return 0;
}

function costTable(finished: readonly Finished[]): string[] {
  const round = (seconds: number): number => Math.round(seconds * 10) / 10;
  const rows = finished.flatMap(({ run }) => [
    ...run.timings.phases.map((row) => [run.experiment, row.phase, round(row.seconds), round(row.spentSeconds)]),
    [run.experiment, "all", round(run.timings.costSeconds), round(run.timings.wallSeconds)],
  ]);
  return textTable(["experiment", "phase", "cost s", "spent now s"], rows);
}
