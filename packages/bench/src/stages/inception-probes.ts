/**
 * @file A certified probe for each tap of the small Inception: L-BFGS on standardised features along a path of l2, from
 * strong to weak, started where the path of the checkpoint before had started; the l2 is chosen on validation rows.
 */
import {
  certifiedGap,
  type FitHooks,
  type LinearProbe,
  passBudget,
  type Runtime,
  type Stream,
} from "@linear-probes/core";
import { fitPath, lbfgs } from "@linear-probes/solvers";
import { type FittedProbe, fittedProbe } from "../probe-cells.ts";
import type { TapRoles } from "./inception-activations.ts";
import { onStandardized, warmStart } from "./warm-start.ts";

export type TapProbeSettings = {
  readonly l2: readonly number[];
  readonly relativeGap: number; // certified, at which a fit ends
  readonly passes: number; // budget of each fit
};

export interface TapProbe extends FittedProbe {
  /** The probe of the strongest l2, on standardised features: where the next checkpoint starts. */
  readonly carried: LinearProbe;
  readonly carriedOver: boolean; // the checkpoint before had one that was worth starting from
}

export function certifiedTapProbe(
  runtime: Runtime,
  { train, validation }: Pick<TapRoles, "train" | "validation">,
  stream: Stream,
  { l2, relativeGap, passes }: TapProbeSettings,
  before: LinearProbe | undefined,
  hooks: FitHooks,
): TapProbe {
  const scaling = "standardize";
  const start = warmStart(runtime, { train }, before);
  const path = fitPath(runtime, { train, validation, scaling }, lbfgs(), {
    l2,
    stop: [certifiedGap({ relative: relativeGap }), passBudget(passes)],
    stream,
    hooks,
    startAt: (_, at, stronger) => (at === 0 ? start : stronger),
  });
  const { fit, validation: scored, l2: chosen } = path.chosen;
  const certified = fit.status === "converged";
  return {
    ...fittedProbe(fit, scored, { l2: chosen, scaling, certified, passes: path.passes }),
    carried: onStandardized(path.points[0]?.fit.probe ?? fit.probe, train.features),
    carriedOver: start !== undefined,
  };
}
