/**
 * @file Carrying a probe from one moment of a network's training to the next. Between them the scale of a layer's features
 * may change a millionfold, so what is carried is the probe on standardised features, W̃ = W ∘ std, b̃ = b + W mean.
 */
import {
  evaluateOnValidation,
  type Features,
  labelled,
  type LabelledFeatures,
  type LinearProbe,
  type Runtime,
} from "@linear-probes/core";

/** The probe on standardised features that answers as `probe` does on `features`. */
export function onStandardized({ classes, cols, weights, bias }: LinearProbe, features: Features): LinearProbe {
  const { mean, variance } = features.moments();
  return {
    classes,
    cols,
    weights: weights.map((w, at) => w * Math.sqrt(variance[at % cols]!)),
    bias: bias.map((b, c) => mean.reduce((sum, m, j) => sum + weights[c * cols + j]! * m, b)),
  };
}

/** The inverse; columns without variance get no weight. */
export function onRaw({ classes, cols, weights, bias }: LinearProbe, features: Features): LinearProbe {
  const { mean, variance } = features.moments();
  const raw = weights.map((w, at) => {
    const std = Math.sqrt(variance[at % cols]!);
    return std > 0 ? w / std : 0;
  });
  return {
    classes,
    cols,
    weights: raw,
    bias: bias.map((b, c) => mean.reduce((sum, m, j) => sum - raw[c * cols + j]! * m, b)),
  };
}

/** The start that an earlier probe gives, where it does better than a probe that knows nothing. */
export function warmStart(
  runtime: Runtime,
  { train }: { readonly train: LabelledFeatures<"train"> },
  before: LinearProbe | undefined,
): LinearProbe | undefined {
  return before === undefined ? undefined : usefulStart(runtime, train, onRaw(before, train.features));
}

/** The probe, where it does better than one that knows nothing. */
export function usefulStart(
  runtime: Runtime,
  { features, labels, classes }: LabelledFeatures<"train">,
  probe: LinearProbe,
): LinearProbe | undefined {
  const rows = labelled("validation", features, labels, classes); // chosen on, and so no test
  return evaluateOnValidation(runtime, probe, rows).loss < Math.log(classes) ? probe : undefined;
}
