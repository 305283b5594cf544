/** @file What the paper says about figure 8 (Alain & Bengio 2016, section 3.4), and what its digitised values show. */
import type { Claim } from "../claim.ts";
import { digitised, digitisedPlateau } from "../paper/fig08-digitised.ts";
import { ownAnswers, probes } from "../points/deep-networks.ts";
import { mean } from "../statistics.ts";
import { lastOf, notThePapers, perProtocol, theoremChecks, tooShort } from "./deep-networks.ts";

const place = "section 3.4 and caption of figure 8";
const skipTo = 64;

export const claims: readonly Claim[] = [
  {
    id: "two-bumps",
    statement: "Before training there are two bumps: layer 64 also reads the input, and so starts afresh.",
    place,
    provenance: "stated",
    rule: "at step 0 the error climbs by at least 0.2 from layer 1 to 63, falls by at least 0.2 to layer 64, and climbs by at least 0.2 to the last",
    tolerance: "0.2 is a quarter of the way from the paper’s input to chance; its own bumps are 0.76 high.",
    undecidable: notThePapers,
    judge: (result) =>
      perProtocol(result, (at) => {
        const untrained = at(0);
        const [first, before, skip, last] = [1, skipTo - 1, skipTo, 128].map((layer) => untrained.get(layer));
        if (first === undefined || before === undefined || skip === undefined || last === undefined) return undefined;
        return {
          holds: before - first >= 0.2 && before - skip >= 0.2 && last - skip >= 0.2,
          measured: `layer 1 ${first.toFixed(3)}, 63 ${before.toFixed(3)}, 64 ${skip.toFixed(3)}, 128 ${last.toFixed(3)}`,
        };
      }),
  },
  {
    id: "ignores-first-half",
    statement: "The model completely ignores layers 1 to 63, even when it is trained for a long time.",
    place: "caption of figure 8",
    provenance: "stated",
    rule: "at the last step shown layer 63 errs at least 0.3 more than layer 64, and at most 0.1 less than before training",
    tolerance:
      "In the paper’s last frame layer 63 errs 0.83 more than layer 64 and has not moved; 0.3 is far from either.",
    undecidable: (result) => tooShort(result, 2000),
    judge: (result) =>
      perProtocol(result, (at, steps) => {
        const last = at(lastOf(steps) ?? Number.NaN);
        const [start, end, skip] = [at(0).get(skipTo - 1), last.get(skipTo - 1), last.get(skipTo)];
        if (start === undefined || end === undefined || skip === undefined) return undefined;
        return {
          holds: end - skip >= 0.3 && start - end <= 0.1,
          measured: `layer 63 ${start.toFixed(3)} → ${end.toFixed(3)}, layer 64 ${skip.toFixed(3)}`,
        };
      }),
  },
  {
    id: "ignores-first-half-always",
    statement: "Layers 1 to 63 are ignored whatever the draw of weights and images: five networks.",
    place,
    provenance: "not in the paper",
    rule: "in every one of at least 5 networks layer 63 errs at least 0.3 more than layer 64, by certified probes",
    tolerance: "As for one network. The further networks are trained for fewer steps, which the caption names.",
    undecidable: (result) => {
      const networks = new Set(probes(result.rows, "replicas").map(({ replica }) => replica)).size;
      return networks >= 5 ? notThePapers(result) : `this run has ${networks} networks; the claim is about 5`;
    },
    judge: ({ rows }) => {
      const own = probes(rows, "replicas");
      const networks = [...Map.groupBy(own, ({ replica }) => replica).values()];
      const leads = networks.map((points) => {
        const error = (layer: number) => points.find((point) => point.layer === layer)?.trainError ?? Number.NaN;
        return error(skipTo - 1) - error(skipTo);
      });
      const measured = `${leads.length} networks, layer 63 errs ${Math.min(...leads).toFixed(3)} to ${Math.max(...leads).toFixed(3)} more`;
      return [
        { subject: "certified optimum, standardised features", holds: leads.every((lead) => lead >= 0.3), measured },
      ];
    },
  },
  {
    id: "plateaus-are-blind",
    statement: `Layers whose bars stand at ${digitisedPlateau} before training hold nothing that a linear classifier can read.`,
    place: "figure 8, first frame",
    provenance: "digitised",
    rule: "at step 0, over the layers whose digitised bar stands on the plateau, the mean error is within 0.01 of always answering the most frequent digit",
    tolerance:
      "0.01 is twice the noise of the digitised values. That error is 0.8876 on MNIST’s training set: the plateau itself.",
    undecidable: notThePapers,
    judge: (result) => {
      const flat = plateauLayers();
      const majority = ownAnswers(result.rows).find(({ frames }) => frames === "shown")?.majorityError ?? Number.NaN;
      return perProtocol(result, (at) => {
        const errors = flat.flatMap((layer) => at(0).get(layer) ?? []);
        if (errors.length === 0) return undefined;
        const measured = `${errors.length} layers, mean ${mean(errors).toFixed(3)}, least ${Math.min(...errors).toFixed(3)}; most frequent digit ${majority.toFixed(3)}`;
        return { holds: Math.abs(mean(errors) - majority) <= 0.01, measured };
      });
    },
  },
  {
    id: "falls-to-the-right",
    statement: "Training brings the error down from the left of the skip’s end to the right.",
    place: "section 3.4, second observation",
    provenance: "stated",
    rule: "at the last step shown the last layer errs at least 0.2 less than before training",
    tolerance: "In the paper the fall is 0.82; 0.2 is far above any noise.",
    undecidable: (result) => tooShort(result, 2000),
    judge: (result) =>
      perProtocol(result, (at, steps) => {
        const [start, end] = [at(0).get(128), at(lastOf(steps) ?? Number.NaN).get(128)];
        if (start === undefined || end === undefined) return undefined;
        return { holds: start - end >= 0.2, measured: `layer 128 ${start.toFixed(3)} → ${end.toFixed(3)}` };
      }),
  },
  ...theoremChecks,
];

function plateauLayers(): readonly number[] {
  return (digitised(0) ?? []).flatMap((value, layer) => (value >= digitisedPlateau - 0.002 ? [layer] : []));
}
