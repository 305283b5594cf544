/** @file A test set for data that came without one: rows drawn at random, set aside before anything looks at them. */
import { reject } from "@linear-probes/core";
import type { Stream } from "@linear-probes/core";

export interface HeldOut {
  readonly train: Int32Array; // row numbers, ascending
  readonly test: Int32Array; // row numbers, ascending
  readonly notice: string;
}

export function holdOut(subject: string, rows: number, fraction: number, stream: Stream): HeldOut {
  if (!(fraction > 0 && fraction < 1)) reject(subject, "testFraction must lie between 0 and 1", fraction);
  const test = Math.round(rows * fraction);
  if (!(test >= 1 && test < rows)) reject(subject, `must have rows enough to hold out ${100 * fraction} %`, rows);
  const order = stream.split("hold-out").permutation(rows);
  return {
    train: order.slice(test).sort(),
    test: order.slice(0, test).sort(),
    notice: `No test set was given: ${test} of ${rows} rows, drawn at random (stream ${stream.path}), are held out as one.`,
  };
}
