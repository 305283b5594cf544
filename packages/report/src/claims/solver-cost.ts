/** @file How the cost of a probe may grow; not a claim of the paper, whose large probes were “absolutely impossible”. */
import { costAxes, type Result } from "@linear-probes/bench";
import type { Claim } from "../claim.ts";
import { exponents, shapeCosts } from "../points/cost-scaling.ts";

const MOST = 1.15;
const SPAN = 100;

export const claims: readonly Claim[] = [
  {
    id: "cost-is-linear",
    statement: "A pass costs at most in proportion to the rows, the columns and the classes.",
    place: "not in the paper",
    provenance: "not in the paper",
    rule: `each fitted exponent of the seconds of a pass is at most ${MOST}`,
    tolerance: `${MOST} leaves room for what no longer fits the caches; fixed costs only lower an exponent.`,
    undecidable: tooNarrow,
    judge: (result) => {
      const fitted = exponents(result).filter(({ cost }) => cost === "secondsPerPass");
      if (fitted.length === 0) return [];
      const measured = fitted
        .map(
          ({ axis, exponent, worstDecades }) =>
            `${axis} ${exponent.toFixed(2)} (off by ${worstDecades.toFixed(2)} decades at most)`,
        )
        .join(", ");
      return [{ subject: "a pass", holds: fitted.every(({ exponent }) => exponent <= MOST), measured }];
    },
  },
];

function tooNarrow(result: Result): string | undefined {
  const all = shapeCosts(result);
  if (all.length === 0) return "no seconds were kept";
  const narrow = costAxes.filter((axis) => {
    const values = all.filter((point) => point.axis === axis).map((point) => point[axis]);
    return !(Math.max(...values) / Math.min(...values) >= SPAN);
  });
  return narrow.length === 0 ? undefined : `${narrow.join(", ")} span less than two decades in this run`;
}
