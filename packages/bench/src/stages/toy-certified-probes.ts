/**
 * @file The certified curve of figure 3: the optimum of the probe on standardised features, with its duality gap.
 * L-BFGS and Newton with Cholesky both take ten-odd passes here; the passes of L-BFGS are cheaper.
 */
import { certifiedGap, evaluateOnTest, fit, passBudget, type Runtime, type Stream } from "@linear-probes/core";
import { lbfgs } from "@linear-probes/solvers";
import { probeCells } from "../probe-cells.ts";
import type { ProbeCells } from "../rows.ts";
import type { ToyLayer } from "./untrained-layers.ts";

export type CertifiedSettings = {
  readonly l2: number;
  readonly relativeGap: number; // certified, at which a fit ends
  readonly passes: number; // budget
};

export function certifiedToyProbe(
  runtime: Runtime,
  { train, test }: ToyLayer,
  stream: Stream,
  settings: CertifiedSettings,
): ProbeCells {
  const { l2, relativeGap, passes } = settings;
  const result = fit(runtime, { train, l2, scaling: "standardize" }, lbfgs(), {
    stream,
    stop: [certifiedGap({ relative: relativeGap }), passBudget(passes)],
  });
  return probeCells(result, evaluateOnTest(runtime, result.probe, test), l2);
}
