/**
 * @file What the later version of the paper says about Inception v3 on ImageNet (version 4, 2018), judged on a small
 * Inception on CIFAR-10: another network and other data, so the verdicts are for orientation.
 */
import type { Result } from "@linear-probes/bench";
import type { Claim } from "../claim.ts";
import { percent } from "../format.ts";
import { heads, lastOf, points } from "../points/inception-cifar.ts";

const place = "version 4 (2018), Inception v3 on ImageNet";
const other = "Another network and other data than the paper’s: for orientation.";

export const claims: readonly Claim[] = [
  {
    id: "error-falls-with-depth",
    statement: "After training, the error of probes falls with depth.",
    place,
    provenance: "stated",
    rule:
      "from block to block on the way to the main head no probe errs over 0.02 more than the one before, and the last errs " +
      "at least 0.1 less than the first",
    tolerance: `${other} The difference of two errors on 5,000 test images has a standard error of about 0.01.`,
    undecidable,
    judge: ({ rows }) => {
      const blocks = lastOf(points(rows)).filter(({ tap, branch }) => branch !== "auxiliary" && isBlock(tap));
      const errors = blocks.map(({ testError }) => testError);
      const rises = errors.slice(1).map((error, at) => error - (errors[at] ?? error));
      const fall = (errors[0] ?? 0) - (errors.at(-1) ?? 1);
      const list = blocks.map(({ tap, testError }) => `${tap} ${percent(testError, 1)}`).join(", ");
      return [
        {
          subject: "certified probes",
          holds: rises.every((rise) => rise <= 0.02) && fall >= 0.1,
          measured: `${list}; greatest rise ${percent(Math.max(0, ...rises), 1)}`,
        },
      ];
    },
  },
  {
    id: "auxiliary-ahead",
    statement: "The auxiliary head is slightly ahead of the main head.",
    place,
    provenance: "stated",
    rule: "after the last step the auxiliary head errs less than the main head, by at most 0.05",
    tolerance: `${other} “Slightly” is taken as up to 0.05.`,
    undecidable,
    judge: ({ rows }) => {
      const of = (branch: string) => heads(rows).findLast((head) => head.branch === branch)?.testError ?? Number.NaN;
      const [main, auxiliary] = [of("main"), of("auxiliary")];
      const ahead = main - auxiliary;
      return [
        {
          subject: "the network’s own heads",
          holds: ahead > 0 && ahead <= 0.05,
          measured: `auxiliary ${percent(auxiliary)}, main ${percent(main)}`,
        },
      ];
    },
  },
];

/** Outputs of the stem and of whole blocks; taps within are left out. */
function isBlock(tap: string): boolean {
  return tap === "stem2" || tap.startsWith("mixed_") || tap === "mean";
}

function undecidable({ rows, run }: Result): string | undefined {
  if (run.dataset.synthetic) return "this run used synthetic shapes; the claim is about photographs";
  const epochs = points(rows).at(-1)?.epoch ?? 0;
  const trained = run.profile === "paper" && epochs >= 1;
  return trained ? undefined : "in this profile the network has hardly been trained";
}
