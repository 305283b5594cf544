/**
 * @file What is said of a probe on test rows: top-1 and top-5 error, cross-entropy, calibration, and how far the error
 * would move with other test rows. Pure functions of the predictions.
 */
import { reject, type Stream, type TestPredictions } from "@linear-probes/core";

export const CALIBRATION_BINS = 15;
export const RESAMPLES = 1000;

export interface TestMeasures {
  readonly testError: number;
  /** 95 % interval of testError: percentiles of its values on resampled test rows. */
  readonly testErrorLow: number;
  readonly testErrorHigh: number;
  readonly top5Error: number | null; // null for fewer than 6 classes
  readonly crossEntropyNats: number;
  readonly calibrationError: number;
}

/** Measures of `predictions`; the stream draws the resamples, the same for all probes of the same rows. */
export function testMeasures(predictions: TestPredictions, stream: Stream): TestMeasures {
  const { classes, rows, error, loss } = predictions;
  const wrong = Uint8Array.from(ranks(predictions), (rank) => (rank >= 1 ? 1 : 0));
  const [testErrorLow, testErrorHigh] = resampledInterval(wrong, stream);
  const beyond = ranks(predictions).reduce((count, rank) => count + (rank >= 5 ? 1 : 0), 0);
  return {
    testError: error,
    testErrorLow,
    testErrorHigh,
    top5Error: classes >= 6 ? beyond / rows : null,
    crossEntropyNats: loss,
    calibrationError: calibrationError(predictions),
  };
}

/** How many classes come before the label of each row: more probable, or as probable and of lower number. */
export function ranks({ probabilities, labels, classes }: TestPredictions): Int32Array {
  return Int32Array.from(labels, (label, row) => {
    const at = row * classes;
    const own = probabilities[at + label]!;
    let rank = 0;
    for (let c = 0; c < classes; c++) {
      const p = probabilities[at + c]!;
      if (p > own || (p === own && c < label)) rank += 1;
    }
    return rank;
  });
}

/**
 * Expected calibration error with 15 bins of equal width (Guo et al. 2017, eq. 3): Σ over bins of the share of rows
 * whose confidence falls there times |accuracy - mean confidence|.
 */
export function calibrationError({ probabilities, labels, classes }: TestPredictions): number {
  const surplus = new Float64Array(CALIBRATION_BINS); // Σ (correct - confidence)
  for (const [row, label] of labels.entries()) {
    const p = probabilities.subarray(row * classes, (row + 1) * classes);
    let top = 0;
    for (let c = 1; c < classes; c++) if (p[c]! > p[top]!) top = c;
    const bin = Math.min(CALIBRATION_BINS - 1, Math.max(0, Math.ceil(p[top]! * CALIBRATION_BINS) - 1));
    surplus[bin]! += (top === label ? 1 : 0) - p[top]!;
  }
  return surplus.reduce((sum, value) => sum + Math.abs(value), 0) / labels.length;
}

/** The 2.5th and 97.5th percentiles of the mean of `wrong` over rows drawn with replacement (Efron 1979). */
export function resampledInterval(wrong: Uint8Array, stream: Stream): readonly [low: number, high: number] {
  const n = wrong.length;
  if (!(n > 0)) reject("resampling", "needs at least one row", n);
  const means = new Float64Array(RESAMPLES);
  for (let sample = 0; sample < RESAMPLES; sample++) {
    let sum = 0;
    for (let draw = 0; draw < n; draw++) sum += wrong[Math.floor(stream.uniform() * n)]!;
    means[sample] = sum / n;
  }
  means.sort();
  return [means[Math.floor(0.025 * (RESAMPLES - 1))]!, means[Math.ceil(0.975 * (RESAMPLES - 1))]!];
}

/** The error on test rows of always saying the class that most training rows have; of equals the first. */
export function majorityError(train: Int32Array, test: Int32Array, classes: number): number {
  const counts = new Int32Array(classes);
  for (const label of train) counts[label]! += 1;
  const most = counts.indexOf(Math.max(...counts));
  return test.reduce((count, label) => count + (label === most ? 0 : 1), 0) / test.length;
}
