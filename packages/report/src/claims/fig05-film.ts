/** @file Checks that the film of figure 5 must pass; the paper says nothing of this film beyond showing it. */
import type { Claim } from "../claim.ts";
import { percent } from "../format.ts";
import { frames, type TapFrame } from "../points/fig05-film.ts";

const subject = "certified optimum, every frame";

export const claims: readonly Claim[] = [
  {
    id: "input-does-not-move",
    statement: "The probe on the raw input does not move over training (a check that any correct probe must pass).",
    place: "definition of the probe, section 3.1",
    provenance: "not in the paper",
    rule: "the test error on the input is the same in all frames",
    tolerance: "None: training never touches the input, so that the probe on it is one and the same problem.",
    judge: ({ rows }) => {
      const errors = frames(rows).flatMap(({ depth, testError }) => (depth === 0 ? testError : []));
      if (errors.length < 2) return [];
      const [least, most] = [Math.min(...errors), Math.max(...errors)];
      const measured = `${percent(least)} to ${percent(most)} over ${errors.length} frames`;
      return [{ subject, holds: least === most, measured }];
    },
  },
  {
    id: "not-below-majority",
    statement:
      "No probe is worse than always answering the most frequent digit (a check that any probe worth its name must pass).",
    place: "definition of the probe, section 3.1",
    provenance: "not in the paper",
    rule: "no test error, of any tap in any frame, exceeds that of the most frequent digit by more than 0.02",
    tolerance: "0.02 is two standard errors of an error of 0.89 over the film’s test images.",
    judge: ({ rows }) => {
      const all = frames(rows);
      const worst = all.toSorted((a, b) => b.testError - a.testError)[0];
      if (worst === undefined) return [];
      const { testError, majorityError, tap, step } = worst;
      const measured = `worst ${percent(testError)} at ${tap}, step ${step}; most frequent digit ${percent(majorityError)}`;
      return [{ subject, holds: testError <= majorityError + 0.02, measured }];
    },
  },
  {
    id: "affine-layer-gains-nothing",
    statement:
      "The optimal unpenalised training loss cannot fall across an affine layer on full features (a theorem that any correct probe must obey).",
    place: "definition of the probe, section 3.1: a probe on A x + c is a probe on x",
    provenance: "not in the paper",
    rule: "in every frame the train loss on fc1_postact is at most that on logits, plus (l2/2)‖W A‖², plus its own certified gap",
    tolerance:
      "The probe W on the logits, pulled back through the last layer’s weights A, answers the same on fc1_postact; the penalty " +
      "there charges it (l2/2)‖W A‖², and the probe found may lie above the optimum by its duality gap. Nothing else is " +
      "allowed for but 1e-6 nats of float32 rounding.",
    judge: ({ rows }) => {
      const all = frames(rows);
      const checks = all.flatMap((after) => {
        const before = all.find(({ step, tap }) => step === after.step && tap === "fc1_postact");
        if (after.pulledBackPenalty === null || before === undefined) return [];
        return [{ rise: after.trainLoss - before.trainLoss, allowed: after.pulledBackPenalty + before.gapNats }];
      });
      if (checks.length === 0) return [];
      const least = Math.min(...checks.map(({ rise }) => rise));
      const most = Math.max(...checks.map(({ rise }) => rise));
      const allowed = Math.max(...checks.map((check) => check.allowed));
      const falls = lossFalls(all, "fc1_preact", "fc1_postact");
      return [
        {
          subject,
          holds: checks.every((check) => check.rise >= -check.allowed - 1e-6),
          measured:
            `${checks.length} frames; across the layer the loss rises by ${least.toFixed(4)} to ${most.toFixed(4)} nats, where it ` +
            `might fall by ${allowed.toFixed(4)} at most. Across the ReLU before it, which is not affine, it falls in ${falls} frames`,
        },
      ];
    },
  },
];

/** In how many frames the train loss is lower at `to` than at `from`. */
function lossFalls(all: readonly TapFrame[], from: string, to: string): number {
  const losses = new Map(all.flatMap(({ step, tap, trainLoss }) => (tap === from ? [[step, trainLoss] as const] : [])));
  return all.filter(({ step, tap, trainLoss }) => tap === to && trainLoss < (losses.get(step) ?? -Infinity)).length;
}
