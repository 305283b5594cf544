/** @file Clock, log and stop request: all that is impure in a run, in one value, so that tests can replace it. */
import { type StopFlag, stopFlag } from "./stop-flag.ts";

export interface Effects {
  /** Seconds of a clock that never goes back. */
  readonly seconds: () => number;
  /** The date and time, UTC, ISO 8601. */
  readonly isoTime: () => string;
  /** Prints one line. */
  readonly log: (line: string) => void;
  /** Greatest resident memory of the process so far, MiB. */
  readonly peakRssMiB: () => number;
  readonly stop: StopFlag;
}

export function systemEffects(log: (line: string) => void, stop = stopFlag()): Effects {
  return {
    seconds: () => performance.now() / 1000,
    isoTime: () => new Date().toISOString(),
    log,
    peakRssMiB: () => Math.round(process.resourceUsage().maxRSS / 1024), // KiB on every platform since libuv 1.45
    stop,
  };
}

/**
 * Turns Ctrl-C into a stop request. A second one, a second or more later, ends the process at once: the store is always
 * in order. Returns a function that takes the handler away.
 */
export function stopOnInterrupt({ stop, log, seconds }: Effects): () => void {
  let firstAt: number | undefined;
  const onSignal = (): void => {
    if (firstAt !== undefined && seconds() - firstAt > 1) process.exit(130);
    if (firstAt !== undefined) return; // a terminal and a launcher may both deliver the same Ctrl-C
    firstAt = seconds();
    stop.request();
    log("stopping at the next safe point; press Ctrl-C again to stop at once");
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return () => {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  };
}
