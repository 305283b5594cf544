/**
 * @file How well a finished probe does on rows it was not fitted on. Two doors, by role: `evaluateOnValidation` for
 * whatever selects, and `evaluateOnTest`; that and `predictOnTest` are the only functions that read a test set.
 */
import { checkLabelled, checkProbe } from "./check-problem.ts";
import type { Evaluation, Features, Runtime } from "./kernels/kernels.ts";
import type { LabelledFeatures, LinearProbe } from "./problem.ts";

export interface Scores {
  readonly error: number; // fraction of rows
  readonly loss: number; // mean cross-entropy, nats
  readonly rows: number;
}

export function evaluateOnValidation(
  runtime: Runtime,
  probe: LinearProbe,
  validation: LabelledFeatures<"validation">,
): Scores {
  return scorer(runtime, validation)(probe);
}

export function evaluateOnTest(runtime: Runtime, probe: LinearProbe, test: LabelledFeatures<"test">): Scores {
  return scorer(runtime, test)(probe);
}

/** The error and loss of probes on the same validation rows, bound once. */
export function validationScorer(
  runtime: Runtime,
  validation: LabelledFeatures<"validation">,
): (probe: LinearProbe) => Scores {
  return scorer(runtime, validation);
}

function scorer(
  runtime: Runtime,
  rows: LabelledFeatures<"validation"> | LabelledFeatures<"test">,
): (probe: LinearProbe) => Scores {
  checkLabelled(rows);
  const shift = nearCentre(rows.features);
  const kernels = runtime.bind(rows.features, { labels: rows.labels, classes: rows.classes, shift });
  const n = rows.features.rows;
  return (probe) => {
    checkProbe(probe, rows);
    const { loss, errors }: Evaluation = kernels.evaluate(probe.weights, biasAt(probe, shift));
    return { error: errors / n, loss, rows: n };
  };
}

const CENTRE_ROWS = 64;

/**
 * The mean of the first rows, so that float32 products keep their digits when columns sit far from zero. The mean of all
 * would take a traversal that nothing else wants of these rows.
 */
function nearCentre(features: Features): Float64Array {
  const { cols } = features;
  const count = Math.min(CENTRE_ROWS, features.rows);
  const x = features.readRows(Array.from({ length: count }, (_, row) => row));
  const sums = new Float64Array(cols);
  for (let at = 0; at < x.length; at += cols) for (let j = 0; j < cols; j++) sums[j]! += x[at + j]!;
  return sums.map((sum) => Math.fround(sum / count));
}

/** b + W c: the bias for features x - c. */
function biasAt({ weights, bias, cols }: LinearProbe, shift: Float64Array): Float64Array {
  return bias.map((b, c) => {
    let sum = b;
    for (let j = 0; j < cols; j++) sum += weights[c * cols + j]! * shift[j]!;
    return sum;
  });
}
