/** @file What bar 0 of figure 8 (Alain & Bengio 2016) says of its probes. */
import type { Result } from "@linear-probes/bench";
import type { Claim } from "../claim.ts";
import { significant } from "../format.ts";
import { bars, crossings, solved } from "../points/undersolved-probe.ts";

const NOISE = 0.004;
const FULL = 60_000;

export const claims: readonly Claim[] = [
  {
    id: "bars-are-optimal",
    statement:
      "The bars of figure 8 are optimal train errors: bar 0 is what a linear classifier can read off the pixels.",
    place: "caption of figure 8, “optimal linear classifier”; bar 0 read as the raw input",
    provenance: "digitised",
    rule: `each of the three values of bar 0 is within ${NOISE} of the train error of the certified probe on raw pixels`,
    tolerance:
      `${NOISE} is the noise of the digitised values. The penalty is weak enough (l2 1e-5) that a smaller one only lowers ` +
      "the certified error, and so widens the distance.",
    undecidable,
    judge({ rows }) {
      const best = solved(rows);
      if (best === undefined) return [];
      const far = bars().map(({ error }) => error - best.trainError);
      const measured = `certified ${best.trainError.toFixed(4)}; the bars are ${far.map((value) => value.toFixed(3)).join(", ")} above it`;
      return [{ subject: "bar 0", holds: far.every((value) => Math.abs(value) <= NOISE), measured }];
    },
  },
  {
    id: "drift-is-one-probe",
    statement: "The fall of bar 0 is that of one under-solved probe trained further: 0.107, then 0.090, then 0.073.",
    place: "our explanation of figure 8, bar 0",
    provenance: "not in the paper",
    rule: "RMSProp at one of the learning rates tried passes through all three values, in this order, on unchanged pixels",
    tolerance: "None: the train error has to fall to each value or below.",
    undecidable,
    judge({ rows }) {
      const groups = [...Map.groupBy(crossings(rows), ({ series }) => series)];
      if (groups.length === 0) return [];
      const whole = groups.filter(([, group]) => group.every(({ batches }) => batches !== null));
      const parts = groups.map(([label, group]) => {
        const list = group.map(({ error, batches, suboptimality }) =>
          batches === null
            ? `${error} never`
            : `${error} after ${batches} batches, ${significant(suboptimality ?? Number.NaN)} from the optimum`,
        );
        return `${label}: ${list.join("; ")}`;
      });
      return [{ subject: "RMSProp on raw pixels", holds: whole.length > 0, measured: parts.join(". ") }];
    },
  },
];

function undecidable({ run, rows }: Result): string | undefined {
  if (run.dataset.synthetic) return "this run used synthetic digits; the claim is about MNIST";
  const images = rows.find(({ kind }) => kind === "certified")?.["rows"];
  return images === FULL ? undefined : `this run fitted ${String(images)} images; the claim is about all 60,000`;
}
