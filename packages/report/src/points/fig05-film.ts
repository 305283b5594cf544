/** @file The points of figure 5's film: certified probes of the convnet's taps at many moments of its training. */
import type { Row } from "@linear-probes/core";
import { flagCell, numberCell, textCell } from "../cells.ts";
import { firstAtMost } from "./frames.ts";

export interface TapFrame extends Row {
  readonly step: number;
  readonly tap: string;
  readonly depth: number;
  readonly columns: number; // features of the tap that the probe saw
  readonly testError: number;
  readonly majorityError: number; // on the test images, of always answering the most frequent digit of training
  readonly trainError: number;
  readonly trainLoss: number; // nats
  readonly gapNats: number;
  readonly certified: boolean;
  readonly warm: boolean; // started from the frame before
  readonly passes: number;
  /** What the probe would cost on the layer before an affine one in penalty, nats; null where there is no such layer. */
  readonly pulledBackPenalty: number | null;
}

/** By step, then depth. */
export function frames(rows: readonly Row[]): readonly TapFrame[] {
  return rows
    .map((row) => ({
      step: numberCell(row, "step"),
      tap: textCell(row, "tap"),
      depth: numberCell(row, "depth"),
      columns: numberCell(row, "columns"),
      testError: numberCell(row, "testError"),
      majorityError: numberCell(row, "majorityError"),
      trainError: numberCell(row, "trainError"),
      trainLoss: numberCell(row, "trainLoss"),
      gapNats: numberCell(row, "gapNats"),
      certified: flagCell(row, "certified"),
      warm: flagCell(row, "warm"),
      passes: numberCell(row, "passes"),
      pulledBackPenalty: row["pulledBackPenalty"] === null ? null : numberCell(row, "pulledBackPenalty"),
    }))
    .toSorted((a, b) => a.step - b.step || a.depth - b.depth);
}

/** Errors whose first crossing is drawn. */
export const thresholds = [0.08, 0.04, 0.02] as const;

/** The first frame in which each tap's probe errs at most `threshold`; taps that never do are left out. */
export function crossings(all: readonly TapFrame[], threshold: number): readonly TapFrame[] {
  return firstAtMost(
    all,
    threshold,
    ({ depth }) => depth,
    ({ testError }) => testError,
  );
}
