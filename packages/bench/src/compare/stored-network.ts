/** @file The most trained convnet that figure 5 has left in the store, whatever version of the code trained it. */
import { readFileSync } from "node:fs";
import { stateOf } from "../parts/training-state.ts";
import { openStore } from "../store.ts";
import { decode } from "../stored-value.ts";
import type { TrainedNetwork } from "./problem.ts";

export function latestStoredNetwork(storeFolder: string): TrainedNetwork | undefined {
  let latest: TrainedNetwork | undefined;
  for (const { path, kind } of openStore({ folder: storeFolder }).list()) {
    if (kind !== "fig05-network" || !path.endsWith(".value")) continue;
    const entry = decode(readFileSync(path));
    if ("broken" in entry) continue;
    const { step } = entry.facts;
    if (typeof step !== "number" || step <= (latest?.step ?? 0)) continue;
    latest = { step, parameters: stateOf(step, entry.arrays).parameters };
  }
  return latest;
}
