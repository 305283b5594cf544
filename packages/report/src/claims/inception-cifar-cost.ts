/** @file What the paper says about the cost of probing Inception (Alain & Bengio 2016, section 4), judged by extrapolation. */
import type { Claim } from "../claim.ts";
import { imagenet, solverCosts } from "../points/inception-cifar.ts";

export const claims: readonly Claim[] = [
  {
    id: "twenty-probes-a-checkpoint",
    statement: "Training about 20 probes for every hourly checkpoint of Inception on ImageNet is impossible.",
    place: "section 4",
    provenance: "stated",
    rule: "by the cost model, the quickest solver that reached its gap here needs over an hour for 20 probes on this machine",
    tolerance:
      "Extrapolated, not measured: as many passes as on the small network, at the same speed. A factor of two would not change a verdict far from one hour.",
    undecidable: ({ run }) =>
      run.profile === "paper" ? undefined : "in this profile the solvers see too few images to tell their speed",
    judge: (result) => {
      const reached = solverCosts(result).filter(({ status }) => status === "converged");
      const best = reached.toSorted((a, b) => a.checkpointHours - b.checkpointHours)[0];
      if (best === undefined) return [];
      const { solver, checkpointHours } = best;
      return [
        {
          subject: `${solver}, extrapolated`,
          holds: checkpointHours > 1,
          measured: `${checkpointHours.toFixed(1)} hours for ${imagenet.taps} probes on ${result.run.threads} threads`,
        },
      ];
    },
  },
];
