/** @file What is done and how long the rest may take, at most a line every two seconds. */
import type { Effects } from "../effects.ts";

export interface Progress {
  /** More work than was known: rows times taps to go through networks, taps to probe. */
  add(work: { readonly forward: number; readonly probes: number }): void;
  forward(rows: number): void; // rows times taps
  probe(label: string): void;
}

interface Phase {
  total: number;
  done: number;
  startedAt: number | undefined;
}

const EVERY_SECONDS = 2;

export function createProgress({ seconds, log }: Pick<Effects, "seconds" | "log">): Progress {
  const forward: Phase = { total: 0, done: 0, startedAt: undefined };
  const probes: Phase = { total: 0, done: 0, startedAt: undefined };
  let printedAt = seconds();
  const step = (phase: Phase, done: number, say: () => string): void => {
    const now = seconds();
    phase.startedAt ??= now;
    phase.done += done;
    if (now - printedAt < EVERY_SECONDS) return;
    printedAt = now;
    const spent = now - phase.startedAt;
    const left = phase.done > 0 ? Math.ceil((spent / phase.done) * (phase.total - phase.done)) : 0;
    log(`${say()}${spent > EVERY_SECONDS ? `, about ${left} s left of this` : ""}`);
  };
  return {
    add(work) {
      forward.total += work.forward;
      probes.total += work.probes;
    },
    forward(rows) {
      step(forward, rows, () => `activations: ${Math.floor((100 * forward.done) / Math.max(1, forward.total))} %`);
    },
    probe(label) {
      step(probes, 1, () => `probes: ${probes.done}/${probes.total}, ${label}`);
    },
  };
}
