/** @file Who spent the time: seconds per phase, of what was computed now and of what an earlier run had stored. */
import type { Effects } from "./effects.ts";
import type { Timings } from "./run-record.ts";
import type { Cost, Entry } from "./stored-value.ts";
import { keyOf, type Remembered } from "./store.ts";

/** Measures one computation, phase by phase. */
export interface Meter {
  /** Runs `work` and adds its wall time to the phase. Phases do not nest. */
  phase<T>(name: string, work: () => T | Promise<T>): Promise<T>;
  /** Adds what an earlier, interrupted part of the same computation had cost. */
  carry(cost: Cost): void;
  /** So far, the running phase included. */
  cost(): Cost;
}

export function createMeter({ seconds, peakRssMiB }: Pick<Effects, "seconds" | "peakRssMiB">): Meter {
  const spent: Record<string, number> = {};
  let peak = 0;
  let running: { readonly name: string; readonly start: number } | undefined;
  const settle = (): void => {
    if (running === undefined) return;
    const now = seconds();
    spent[running.name] = (spent[running.name] ?? 0) + now - running.start;
    running = { name: running.name, start: now };
  };
  return {
    async phase(name, work) {
      running = { name, start: seconds() };
      try {
        return await work();
      } finally {
        settle();
        running = undefined;
      }
    },
    carry(cost) {
      peak = Math.max(peak, cost.peakRssMiB);
      for (const [name, amount] of Object.entries(cost.seconds)) spent[name] = (spent[name] ?? 0) + amount;
    },
    cost() {
      settle();
      return { seconds: { ...spent }, peakRssMiB: Math.max(peak, peakRssMiB()) };
    },
  };
}

/** One use of a stored value by a task: its key, what it had cost, and whether that was spent now. */
export interface Use {
  readonly key: string;
  readonly cost: Cost;
  readonly reused: boolean;
}

export function useOf(entry: Entry & Pick<Remembered, "reused">): Use {
  return { key: keyOf(entry.facts), cost: entry.cost, reused: entry.reused };
}

/** Sums the uses; a value that several tasks used counts once. Workers run side by side, so seconds are shared out. */
export function timingsOf(uses: readonly Use[], workers: number, wallSeconds: number, peakRssMiB: number): Timings {
  const byKey = new Map<string, Use>();
  for (const use of uses) if (byKey.get(use.key)?.reused !== false) byKey.set(use.key, use);
  const phases = new Map<string, { seconds: number; spentSeconds: number }>();
  let peak = peakRssMiB;
  for (const { cost, reused } of byKey.values()) {
    peak = Math.max(peak, cost.peakRssMiB);
    for (const [phase, seconds] of Object.entries(cost.seconds)) {
      const sum = phases.get(phase) ?? { seconds: 0, spentSeconds: 0 };
      sum.seconds += seconds / workers;
      sum.spentSeconds += reused ? 0 : seconds / workers;
      phases.set(phase, sum);
    }
  }
  const table = [...phases].map(([phase, sum]) => ({ phase, ...sum }));
  const spent = table.reduce((sum, row) => sum + row.spentSeconds, 0);
  const other = Math.max(0, wallSeconds - spent); // starting up, hashing, storing, waiting for the last worker
  table.push({ phase: "other", seconds: other, spentSeconds: other });
  const costSeconds = table.reduce((sum, row) => sum + row.seconds, 0);
  return { phases: table, wallSeconds, costSeconds, peakRssMiB: peak };
}
