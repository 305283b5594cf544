/** @file What the paper takes for granted of its probes, section 3.1: trained up to convergence, or very close to it. */
import type { Claim } from "../claim.ts";
import { quantile } from "../statistics.ts";
import { undersolved } from "../points/solver-comparison.ts";

const PLAN = 1e-2;
const SMALL = 0.005;

export const claims: readonly Claim[] = [
  {
    id: "close-is-enough",
    statement: "A probe need only be very close to the optimal linear classifier for its error to mean something.",
    place: "section 3.1",
    provenance: "stated",
    rule: `of the probes within ${PLAN} of the optimum, relative, 95 % have a test error within ${SMALL} of that of the optimum`,
    tolerance: `${SMALL} is about what separates neighbouring layers in figure 5.`,
    judge: (result) => {
      const near = undersolved(result).filter(({ suboptimality }) => suboptimality <= PLAN);
      const far = undersolved(result).filter(({ suboptimality }) => suboptimality > 10 * PLAN);
      if (near.length === 0) return [];
      const high = quantile(
        near.map(({ testShift }) => testShift),
        0.95,
      );
      const beyond =
        far.length === 0
          ? ""
          : `; of ${far.length} probes beyond ${10 * PLAN}: ${quantile(
              far.map(({ testShift }) => testShift),
              0.95,
            ).toFixed(4)}`;
      const measured = `95 % quantile ${high.toFixed(4)} over ${near.length} probes${beyond}`;
      return [{ subject: "all solvers and problems", holds: high <= SMALL, measured }];
    },
  },
];
