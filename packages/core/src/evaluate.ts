/**
 * @file How well a finished probe does on rows it was not fitted on. Two doors, by role: `evaluateOnValidation` for
 * whatever selects, and `evaluateOnTest`; that and `predictOnTest` are the only functions that read a test set.
 */
import { checkLabelled, checkProbe } from "./check-problem.ts";
import type { Evaluation, Runtime } from "./kernels/kernels.ts";
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
  // Centred, so that float32 products keep their digits when columns sit far from zero.
  const shift = rows.features.moments().mean.map(Math.fround);
  const kernels = runtime.bind(rows.features, { labels: rows.labels, classes: rows.classes, shift });
  const n = rows.features.rows;
  return (probe) => {
    checkProbe(probe, rows);
    const { loss, errors }: Evaluation = kernels.evaluate(probe.weights, biasAt(probe, shift));
    return { error: errors / n, loss, rows: n };
  };
}

/** b + W c: the bias for features x - c. */
function biasAt({ weights, bias, cols }: LinearProbe, shift: Float64Array): Float64Array {
  return bias.map((b, c) => {
    let sum = b;
    for (let j = 0; j < cols; j++) sum += weights[c * cols + j]! * shift[j]!;
    return sum;
  });
}
