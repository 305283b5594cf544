/** @file Which taps: `auto`, `all`, `op:Relu`, `group:inception_4a`, an exact name or a glob such as `inception_4a/*`. */
import { posix } from "node:path";
import { reject } from "@linear-probes/core";
import { chooseTaps } from "./auto-taps.ts";
import type { TapGraph } from "./tap-graph.ts";
import { printable } from "./printable.ts";
import type { Tap } from "./taps.ts";

/**
 * The taps that any of `selectors` names, in depth order. A glob takes only taps that can be probed; a tap named exactly
 * that cannot be is an error with the reason, and so is a selector that names none.
 */
export function selectTaps<T extends Tap>(graph: TapGraph, taps: readonly T[], selectors: readonly string[]): T[] {
  if (selectors.length === 0)
    reject("taps", "name at least one tap", "none", "auto, all, op:<Operator>, group:<prefix>, a name or a glob");
  const chosen = new Set<T>();
  for (const selector of selectors) {
    const exact = taps.find(({ name }) => name === selector);
    if (exact?.refused !== undefined)
      reject(`tap "${printable(selector)}"`, "must be a tensor that can be probed", exact.refused);
    const found = exact ? [exact] : matching(graph, taps, selector).filter(({ refused }) => refused === undefined);
    if (found.length === 0)
      reject(
        "taps",
        "each selector must name at least one tap",
        printable(selector),
        `the model has ${examples(taps)}`,
      );
    for (const tap of found) chosen.add(tap);
  }
  return taps.filter((tap) => chosen.has(tap));
}

function matching<T extends Tap>(graph: TapGraph, taps: readonly T[], selector: string): readonly T[] {
  if (selector === "all") return taps;
  if (selector === "auto") return chooseTaps(graph, taps);
  if (selector.startsWith("op:"))
    return taps.filter(({ operator }) => operator.toLowerCase() === selector.slice(3).toLowerCase());
  if (selector.startsWith("group:")) {
    const prefix = selector.slice(6).replace(/^\/+|\/+$/g, "");
    return taps.filter(({ group }) => group === prefix || group.startsWith(`${prefix}/`));
  }
  const pattern = selector.replace(/^\/+/, "");
  return taps.filter((tap) =>
    [tap.name, tap.node].some((name) => posix.matchesGlob(name.replace(/^\/+/, ""), pattern)),
  );
}

function examples(taps: readonly Tap[]): string {
  const usable = taps.filter(({ refused }) => refused === undefined);
  const some = usable.filter((_, i) => i % Math.max(1, Math.floor(usable.length / 5)) === 0).slice(0, 5);
  return `${usable.length}, such as ${some.map(({ name }) => printable(name, 60)).join(", ")}`;
}
