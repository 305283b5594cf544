/** @file Checks that the film of figure 5 must pass; the paper says nothing of this film beyond showing it. */
import type { Claim } from "../claim.ts";
import { percent } from "../format.ts";
import { frames } from "../points/fig05-film.ts";

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
];
