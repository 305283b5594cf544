/**
 * @file A certified probe on one layer of a discrete chain. It is fitted to rows that hold every (label, state) in
 * proportion to its probability, rounded to whole rows; its error is then summed exactly over the law itself.
 */
import { certifiedGap, fit, labelled, passBudget, type Runtime, type Stream } from "@linear-probes/core";
import { lbfgs } from "@linear-probes/solvers";
import { bayesError, codeOf, conditionalEntropyBits, errorOf, type Joint } from "./markov-chains.ts";

export type ChainProbeSettings = {
  readonly rows: number; // about
  readonly l2: number;
  readonly relativeGap: number;
  readonly passes: number;
};

export function chainProbe(
  runtime: Runtime,
  joint: Joint,
  bits: number,
  stream: Stream,
  { rows, l2, relativeGap, passes }: ChainProbeSettings,
) {
  const drawn = joint.flatMap((own, label) =>
    Array.from(own).flatMap((p, state) => Array.from({ length: Math.round(p * rows) }, () => ({ label, state }))),
  );
  const codes = Array.from({ length: joint[0]?.length ?? 0 }, (_, state) => codeOf(state, bits));
  const values = new Float32Array(drawn.length * bits);
  for (const [row, { state }] of drawn.entries()) values.set(codes[state] ?? [], row * bits);
  const writer = runtime.createFeatures({ rows: drawn.length, cols: bits, name: "states" });
  writer.write(0, values);
  const features = writer.finish();
  try {
    const labels = Int32Array.from(drawn, ({ label }) => label);
    const train = labelled("train", features, labels, joint.length);
    const { probe, status, certificate, ...used } = fit(runtime, { train, l2, scaling: "none" }, lbfgs(), {
      stream,
      stop: [certifiedGap({ relative: relativeGap }), passBudget(passes)],
    });
    const answer = (state: number): number => {
      const code = codes[state] ?? [];
      const logits = Array.from(probe.bias, (b, c) =>
        code.reduce((sum, x, j) => sum + x * probe.weights[c * bits + j]!, b),
      );
      return logits.indexOf(Math.max(...logits));
    };
    return {
      conditionalEntropyBits: conditionalEntropyBits(joint),
      bayesError: bayesError(joint),
      probeError: errorOf(joint, answer),
      gapNats: certificate.dualityGap,
      certified: status === "converged",
      status,
      passes: used.passes,
    };
  } finally {
    features.release();
  }
}
