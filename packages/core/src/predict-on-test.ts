/**
 * @file What a finished probe says of every test row, in float64: for measures beyond error and loss (top-5, calibration,
 * resampling). Beside `evaluateOnTest` the only door to a test set; like it, for probes that nothing is chosen by any more.
 */
import { checkLabelled, checkProbe } from "./check-problem.ts";
import type { Scores } from "./evaluate.ts";
import type { Runtime } from "./kernels/kernels.ts";
import type { LabelledFeatures, LinearProbe } from "./problem.ts";

export interface TestPredictions extends Scores {
  readonly classes: number; // k
  readonly labels: Int32Array; // y [n]
  readonly probabilities: Float64Array; // softmax(W x + b) [n, k]
}

export function predictOnTest(runtime: Runtime, probe: LinearProbe, test: LabelledFeatures<"test">): TestPredictions {
  checkLabelled(test);
  checkProbe(probe, test);
  const { features, labels, classes } = test;
  const kernels = runtime.bind(features, { labels, classes });
  const margins = kernels.createMargins();
  try {
    kernels.forwardExact(probe.weights, probe.bias, margins);
    const { loss, errors } = kernels.score(margins);
    const probabilities = kernels.probabilities(margins);
    return { error: errors / features.rows, loss, rows: features.rows, classes, labels, probabilities };
  } finally {
    kernels.releaseMargins(margins);
  }
}
