/** @file A stopwatch that runs only while the work it is given runs: wall time, and that of all threads of the process. */

/** Seconds since some moment. */
export interface Clock {
  readonly wall: () => number;
  readonly cpu: () => number;
}

export interface Elapsed {
  readonly seconds: number; // wall
  readonly cpuSeconds: number; // all threads
}

export interface Stopwatch {
  readonly time: <T>(work: () => T) => T;
  readonly elapsed: () => Elapsed;
}

export function systemClock(): Clock {
  return {
    wall: () => performance.now() / 1000,
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  };
}

export function createStopwatch({ wall, cpu }: Clock): Stopwatch {
  let [seconds, cpuSeconds] = [0, 0];
  return {
    time(work) {
      const [wallBefore, cpuBefore] = [wall(), cpu()];
      try {
        return work();
      } finally {
        seconds += wall() - wallBefore;
        cpuSeconds += cpu() - cpuBefore;
      }
    },
    elapsed: () => ({ seconds, cpuSeconds }),
  };
}
