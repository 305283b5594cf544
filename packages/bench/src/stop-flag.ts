/** @file A request to stop that every thread sees at once, even in the middle of a long synchronous computation. */

/** Thrown at a safe point after a stop was requested: all that is finished is in the store. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  constructor() {
    super("stopped on request");
  }
}

export interface StopFlag {
  readonly buffer: SharedArrayBuffer;
  readonly request: () => void;
  readonly requested: () => boolean;
  /** Throws {@link Interrupted} when a stop was requested. */
  readonly check: () => void;
}

/** A new flag, or the view of another thread's flag. */
export function stopFlag(buffer = new SharedArrayBuffer(4)): StopFlag {
  const flag = new Int32Array(buffer);
  const requested = (): boolean => Atomics.load(flag, 0) !== 0;
  return {
    buffer,
    request: () => void Atomics.store(flag, 0, 1),
    requested,
    check: () => {
      if (requested()) throw new Interrupted();
    },
  };
}
