/** @file Features that are made only when a result that needs them is missing, and then all together. */
import { reject } from "@linear-probes/core";
import type { Meter } from "../ledger.ts";

export interface LazyFeatures<T> {
  /** The features of `tap`; the first call makes those of all taps `together`. */
  get(tap: string, together: readonly string[], meter: Meter): Promise<T>;
  release(tap: string): void;
  releaseAll(): void;
}

export function lazyFeatures<T extends { release(): void }>(
  make: (taps: readonly string[]) => Promise<ReadonlyMap<string, T>>,
): LazyFeatures<T> {
  let made: Promise<ReadonlyMap<string, T>> | undefined;
  const held = new Map<string, T>();
  const release = (tap: string): void => {
    held.get(tap)?.release();
    held.delete(tap);
  };
  return {
    async get(tap: string, together: readonly string[], meter: Meter): Promise<T> {
      if (made === undefined) {
        made = meter.phase("activations", () => make(together));
        for (const [name, features] of await made) held.set(name, features);
      }
      return held.get(tap) ?? reject("features", `must be among those made, ${together.join(", ")}`, tap);
    },
    release,
    releaseAll: () => [...held.keys()].forEach(release),
  };
}
