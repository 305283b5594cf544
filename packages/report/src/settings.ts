/** @file Saying in a caption what an experiment was set to, as its run record tells. */
import type { RunRecord } from "@linear-probes/bench";

type Settings = RunRecord["settings"];
type Item = readonly [path: string, words: string, format: (value: number) => string];

/** " Settings: words value, …." for the numbers that the record has; nothing when it has none. */
export function describeSettings(settings: Settings, items: readonly Item[]): string {
  const parts = items.flatMap(([path, words, format]) => {
    const value = at(settings, path.split("."));
    return typeof value === "number" ? [`${words} ${format(value)}`] : [];
  });
  return parts.length === 0 ? "" : ` Settings: ${parts.join(", ")}.`;
}

/** A number of the record, by its path. */
export function settingOf(settings: Settings, path: string): number | undefined {
  const value = at(settings, path.split("."));
  return typeof value === "number" ? value : undefined;
}

function at(value: Settings[string] | undefined, path: readonly string[]): Settings[string] | undefined {
  const [head, ...rest] = path;
  if (head === undefined || value === undefined) return value;
  if (value === null || typeof value !== "object") return undefined;
  const inner = Object.entries(value).find(([key]) => key === head);
  return at(inner?.[1], rest);
}
