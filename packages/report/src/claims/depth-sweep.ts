/** @file What the paper says about the depth at which training breaks down (Alain & Bengio 2016, section 3.4). */
import type { Result } from "@linear-probes/bench";
import type { Claim } from "../claim.ts";
import { points, series } from "../points/depth-sweep.ts";

const failed = 0.85; // of 0.888 for the most frequent digit

export const claims: readonly Claim[] = [
  {
    id: "breaks-down-at-64",
    statement: "Plain training starts to break down at a depth of 64 layers.",
    place: "section 3.4",
    provenance: "stated",
    rule: `of the depths tried, the least at which every plain network’s own classifier still errs at least ${failed} is 48, 64 or 96`,
    tolerance:
      "The paper names neither optimiser nor number of steps, on which the depth depends; its neighbours among the depths tried are allowed.",
    undecidable: notEnough,
    judge: ({ rows }) => {
      const plain = ownPoints(rows, "plain");
      const least = plain.find(({ low }) => low >= failed)?.depth;
      const list = plain.map(({ depth, trainError }) => `${depth}: ${trainError.toFixed(2)}`).join(", ");
      const holds = least !== undefined && [48, 64, 96].includes(least);
      return [
        {
          subject: "the networks’ own classifiers",
          holds,
          measured: `least depth ${least ?? "none"}; errors by depth ${list}`,
        },
      ];
    },
  },
  {
    id: "auxiliary-losses-train-all",
    statement: "With auxiliary losses networks train at every depth.",
    place: "section 3.4, which shows it for 128 layers",
    provenance: "not in the paper",
    rule: "every network with auxiliary losses errs at most 0.7 by its own last classifier",
    tolerance: "After so few steps training has only begun; 0.7 is far below chance, 0.888.",
    undecidable: notEnough,
    judge: ({ rows }) => {
      const helped = ownPoints(rows, "auxiliary");
      const worst = Math.max(...helped.map(({ high }) => high));
      const measured = `worst ${worst.toFixed(2)} of ${helped.length} depths`;
      return [{ subject: "the networks’ own classifiers", holds: worst <= 0.7, measured }];
    },
  },
];

function ownPoints(rows: Result["rows"], key: string) {
  const label = series.find((one) => one.key === key)?.label;
  return points(rows).filter((point) => point.panel === "own" && point.series === label);
}

function notEnough({ rows, run }: Result): string | undefined {
  if (run.dataset.synthetic) return "this run used synthetic digits; the claim is about MNIST";
  const depths = new Set(points(rows).map(({ depth }) => depth));
  const missing = [32, 48, 64, 96, 128].filter((depth) => !depths.has(depth));
  return missing.length === 0 ? undefined : `this run has no networks of ${missing.join(", ")} layers`;
}
