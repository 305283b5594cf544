/** @file What the paper's own bars of figure 8 say, beside ours. */
import type { Claim } from "../claim.ts";
import { barsTolerance, digitisingNoise } from "../paper/fig08-digitised.ts";
import { series } from "../points/deep-networks.ts";
import { residuals } from "../points/fig08-residuals.ts";
import { mean } from "../statistics.ts";
import { notThePapers } from "./deep-networks.ts";

/** The probes whose training time was chosen by the digitised first frame. */
const fitted = "rmsprop-raw";

export const claims: readonly Claim[] = [
  {
    id: "digitised-first-frame",
    statement: "The first frame’s bars, read off the paper, are those of an untrained network with Glorot weights.",
    place: "figure 8, first frame",
    provenance: "digitised",
    rule: `at step 0 the certified probes’ mean absolute difference from the digitised values is at most ${barsTolerance}`,
    tolerance:
      `${digitisingNoise} is the noise of the digitised values; weights and images are other draws. The length of RMSProp’s training ` +
      "was chosen to come near this very frame, so its agreement is shown and does not count.",
    undecidable: notThePapers,
    judge: ({ rows }) => {
      const untrained = residuals(rows).filter(({ step }) => step === 0);
      const distances = series.flatMap(({ key, label }) => {
        const own = untrained.flatMap((one) => (one.series === label ? Math.abs(one.residual) : []));
        if (own.length === 0) return [];
        const distance = mean(own);
        const text = `mean distance ${distance.toFixed(3)} over ${own.length} layers, greatest ${Math.max(...own).toFixed(3)}`;
        return [{ key, label, distance, text }];
      });
      const uncounted = distances.flatMap(({ key, text }) => (key === fitted ? [`RMSProp, not counted: ${text}`] : []));
      return distances
        .filter(({ key }) => key !== fitted)
        .map(({ label, distance, text }) => ({
          subject: label,
          holds: distance <= barsTolerance,
          measured: [text, ...uncounted].join("; "),
        }));
    },
  },
];
