/** @file What the paper says about figure 3 (Alain & Bengio 2016, section 3.2). */
import type { Result } from "@linear-probes/bench";
import type { Claim, Finding } from "../claim.ts";
import { percent, significant } from "../format.ts";
import { coinFlip } from "../paper/targets.ts";
import { type LayerPoint, norms, points, series } from "../points/fig03-untrained-depth.ts";

export const claims: readonly Claim[] = [
  {
    id: "input-separable",
    statement: "A probe on the input itself makes essentially no errors.",
    place: "section 3.2 and caption of figure 3",
    provenance: "stated",
    rule: "mean test error at layer 0 ≤ 0.02",
    tolerance:
      "On fresh rows no method reaches zero: the best possible error is about 0.44·128/n for n training rows (Opper & " +
      "Haussler 1991), 0.006 for 10,000. 0.02 is a twenty-fifth of chance.",
    judge: (result) =>
      perSeries(result, (_, __, first) => ({
        holds: first.layer === 0 && first.testError <= 0.02,
        measured: percent(first.testError),
      })),
  },
  {
    id: "climbs",
    statement: "The error climbs as one goes deeper.",
    place: "section 3.2",
    provenance: "stated",
    rule: "no layer’s mean test error is more than 0.005 below that of the layer before, and the last exceeds the first by at least 0.2",
    tolerance: "0.005 is the standard error of one coin-flip probe on 10,000 test rows.",
    judge: (result) =>
      perSeries(result, (own, last, first) => {
        const falls = own.slice(1).map((point, i) => (own[i]?.testError ?? Number.NaN) - point.testError);
        const greatest = Math.max(...falls);
        return {
          holds: greatest <= 0.005 && last.testError - first.testError >= 0.2,
          measured: `${first.testError.toFixed(3)} → ${last.testError.toFixed(3)}; ${fallText(greatest)}`,
        };
      }),
  },
  {
    id: "ends-at-chance",
    statement: "By the last of 32 layers the error is close to a coin flip’s 0.50, the features rather useless.",
    place: "section 3.2 and figure 3",
    provenance: "stated",
    rule: "mean test error at layer 32 ≥ 0.48",
    tolerance: "0.02 below chance is four standard errors of one coin-flip probe on 10,000 test rows.",
    undecidable: ({ rows }) => (points(rows).at(-1)?.layer === 32 ? undefined : "this run has fewer than 32 layers"),
    judge: (result) =>
      perSeries(result, (_, last) => ({
        holds: last.testError >= coinFlip - 0.02,
        measured: last.testError.toFixed(3) + spread(last),
      })),
  },
  {
    id: "no-underflow",
    statement: "The activations at the last layer are small but not lost to numerical underflow.",
    place: "section 3.2",
    provenance: "stated",
    rule: "in every dataset the mean activation norm at the last layer is above 1.1e-19",
    tolerance: "Below 1.1e-19, the root of the smallest normal float32, squares of activations would underflow.",
    judge: ({ rows }) => {
      const last = norms(rows).at(-1);
      if (last === undefined) return [];
      const measured = `mean ${significant(last.norm)}, least ${significant(last.least)}, at layer ${last.layer}`;
      return [{ subject: "activations", holds: last.least > 1.1e-19, measured }];
    },
  },
];

/** Judges each kind of probe by its points in order of layers. */
function perSeries(
  { rows }: Result,
  judge: (own: readonly LayerPoint[], last: LayerPoint, first: LayerPoint) => Omit<Finding, "subject">,
): readonly Finding[] {
  const all = points(rows);
  return series.flatMap(({ label }) => {
    const own = all.filter((point) => point.series === label);
    const [first, last] = [own[0], own.at(-1)];
    return first === undefined || last === undefined ? [] : [{ subject: label, ...judge(own, last, first) }];
  });
}

function fallText(greatest: number): string {
  return greatest > 0 ? `greatest fall between layers ${greatest.toFixed(4)}` : "never falls";
}

function spread({ standardError }: LayerPoint): string {
  return standardError === null ? "" : ` ± ${standardError.toFixed(3)} (standard error)`;
}
