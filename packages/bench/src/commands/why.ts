/** @file `probes why`: what has changed since the last result of an experiment, and so what a run would do again. */
import type { Effects } from "../effects.ts";
import { chooseExperiments, type ExperimentId, loadExperiment } from "../experiments/index.ts";
import { canonicalJson } from "../json.ts";
import { readResult } from "../results.ts";
import { stageFingerprints } from "../run-experiment.ts";
import type { ProfileName, RunRecord } from "../run-record.ts";

export interface WhyOptions {
  readonly profile: ProfileName;
  readonly seed: string;
  readonly resultsFolder: string;
}

export async function why(names: readonly string[], options: WhyOptions, { log }: Effects): Promise<number> {
  for (const id of chooseExperiments(names, options.profile))
    for (const line of await explain(id, options)) log(`${id}: ${line}`);
  return 0;
}

async function explain(id: ExperimentId, { profile, seed, resultsFolder }: WhyOptions): Promise<string[]> {
  const run = readResult(profile, id, resultsFolder)?.run;
  if (run === undefined) return [`has no result of profile ${profile}; a run computes what the store does not hold`];
  const experiment = await loadExperiment(id);
  const lines = [`last run ${run.finishedAt}, seed ${run.seed}, commit ${run.git?.commit ?? "unknown"}`];
  if (run.seed !== seed) lines.push(`seed changes from ${run.seed} to ${seed}: everything runs again`);
  const settings = experiment.settings(profile);
  for (const key of new Set([...Object.keys(settings), ...Object.keys(run.settings)])) {
    const [before, now] = [canonicalJson(run.settings[key] ?? null), canonicalJson(settings[key] ?? null)];
    if (before !== now) lines.push(`setting ${key} changes from ${before} to ${now}`);
  }
  let changed = false;
  for (const [stage, { parts }] of Object.entries(stageFingerprints(experiment))) {
    const changes = changedParts(run.stages[stage] ?? {}, parts);
    lines.push(`code of stage ${stage}: ${changes.length === 0 ? "unchanged" : changes.join(", ")}`);
    changed ||= changes.length > 0;
  }
  lines.push(
    changed
      ? "values made with changed code are computed again, the others are found in the store"
      : "no code changed: values of the same seed, settings and data are found in the store",
  );
  return lines;
}

/** In words: which parts differ. */
export function changedParts(before: RunRecord["stages"][string], now: Readonly<Record<string, string>>): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].sort().flatMap((part) => {
    if (before[part] === now[part]) return [];
    if (before[part] === undefined) return [`${part} is new`];
    if (now[part] === undefined) return [`${part} is gone`];
    return [part.startsWith("npm:") || part === "node" ? `${part} ${before[part]} → ${now[part]}` : `${part} changed`];
  });
}
