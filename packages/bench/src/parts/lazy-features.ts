/**
 * @file Features that are made only when a result that needs them is missing, and then all together; but for those that
 * others turn into, in the same place, once nothing needs the others.
 */
import { reject } from "@linear-probes/core";
import type { Meter } from "../ledger.ts";

export interface LazyFeatures<T> {
  /** The features of `tap`; the first call makes those of all taps `together`. Ends those that it is turned from. */
  get(tap: string, together: readonly string[], meter: Meter): Promise<T>;
  /** Gives the memory back, unless a tap that is still to come is turned from these. */
  release(tap: string): void;
  releaseAll(): void;
}

interface Turns<T> {
  /** The tap whose features turn into those of `tap`, if any. */
  readonly from: (tap: string) => string | undefined;
  readonly turn: (features: T) => T;
}

export function lazyFeatures<T extends { release(): void }>(
  make: (taps: readonly string[]) => Promise<ReadonlyMap<string, T>>,
  { from, turn }: Turns<T>,
): LazyFeatures<T> {
  let made: Promise<ReadonlyMap<string, T>> | undefined;
  const held = new Map<string, T>();
  const turned = new Map<string, string>(); // a tap still to come, by what it is turned from
  const drop = (tap: string): void => {
    held.get(tap)?.release();
    held.delete(tap);
  };
  return {
    async get(tap: string, together: readonly string[], meter: Meter): Promise<T> {
      if (made === undefined) {
        for (const name of together) {
          const source = from(name);
          if (source !== undefined && together.includes(source)) turned.set(source, name);
        }
        const whole = new Set(turned.values());
        made = meter.phase("activations", () => make(together.filter((name) => !whole.has(name))));
        for (const [name, features] of await made) held.set(name, features);
      }
      const source = from(tap);
      const before = source === undefined || turned.get(source) !== tap ? undefined : held.get(source);
      if (source !== undefined && before !== undefined) {
        held.set(tap, await meter.phase("activations", () => turn(before)));
        held.delete(source);
        turned.delete(source);
      }
      return held.get(tap) ?? reject("features", `must be among those made, ${together.join(", ")}`, tap);
    },
    release(tap) {
      if (!turned.has(tap)) drop(tap);
    },
    releaseAll: () => [...held.keys()].forEach(drop),
  };
}
