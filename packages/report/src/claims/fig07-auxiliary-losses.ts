/** @file What the paper says about figure 7 (Alain & Bengio 2016, section 3.4). */
import type { Result } from "@linear-probes/bench";
import type { Claim } from "../claim.ts";
import { percent } from "../format.ts";
import { type OwnAnswer, ownAnswers, probes } from "../points/deep-networks.ts";
import { notThePapers, theoremChecks, tooShort } from "./deep-networks.ts";

const place = "section 3.4 and caption of figure 7";

export const claims: readonly Claim[] = [
  {
    id: "trains-with-auxiliary-losses",
    statement: "With an auxiliary classifier at every 16 layers the complete model is trained successfully.",
    place,
    provenance: "stated",
    rule: "after 5000 steps the network’s own last classifier errs on at most 0.3 of the training images",
    tolerance: "“Successful” is not given in numbers, and the result is said not to be impressive; chance is 0.888.",
    undecidable: (result) => tooShort(result, 5000),
    judge: (result) => answers(result, "auxiliary", "shown", (last) => last.trainError <= 0.3),
  },
  {
    id: "does-not-train-without",
    statement: "Without them the model cannot be trained.",
    place,
    provenance: "stated",
    rule: "after all its steps the network’s own classifier errs on at least 0.85 of the training images",
    tolerance:
      "Always answering the most frequent digit errs on 0.888; 0.85 is within what a minibatch can teach of it.",
    undecidable: notThePapers,
    judge: (result) => answers(result, "plain", "control", (last) => last.trainError >= 0.85),
  },
  {
    id: "five-networks",
    statement:
      "Auxiliary losses train the model and their absence does not, whatever the draw: five pairs of networks.",
    place,
    provenance: "not in the paper",
    rule: "in each of at least 5 pairs of equal weights and batches the network with auxiliary losses errs at most 0.7 by its last classifier, and the one without at least 0.85",
    tolerance: "After the few steps of the further networks training has only begun; the bounds lie apart by 0.15.",
    undecidable: (result) => {
      const pairs = new Set(ownAnswers(result.rows).map(({ replica }) => replica)).size;
      return pairs >= 5 ? notThePapers(result) : `this run has ${pairs} pairs; the claim is about 5`;
    },
    judge: ({ rows }) => {
      const errors = (variant: string): number[] =>
        ownAnswers(rows).flatMap((one) => (one.frames === "replicas" && one.variant === variant ? one.trainError : []));
      const [helped, plain] = [errors("auxiliary"), errors("plain")];
      const holds = helped.every((error) => error <= 0.7) && plain.every((error) => error >= 0.85);
      const list = (values: readonly number[]): string => values.map((error) => error.toFixed(2)).join(", ");
      return [
        { subject: "the networks’ own classifiers", holds, measured: `with ${list(helped)}; without ${list(plain)}` },
      ];
    },
  },
  {
    id: "not-impressive",
    statement: "The final prediction error is not impressive.",
    place: "caption of figure 7",
    provenance: "stated",
    rule: "after 5000 steps the network’s own last classifier errs on at least 0.02 of the training images",
    tolerance: "A perceptron of two layers gets below 0.02 on MNIST’s training images within a few epochs.",
    undecidable: (result) => tooShort(result, 5000),
    judge: (result) => answers(result, "auxiliary", "shown", (last) => last.trainError >= 0.02),
  },
  {
    id: "layers-fall",
    statement: "At the end every layer is far more readable than before training.",
    place: "figure 7",
    provenance: "stated",
    rule: "by certified probes, every layer from 16 on errs at least half less at the last step shown than at the first",
    tolerance: "Half: the paper’s numbers for this figure are not recoverable.",
    undecidable: (result) => tooShort(result, 5000),
    judge: ({ rows }) => {
      const own = probes(rows, "shown").filter(({ series, layer }) => series.startsWith("certified") && layer >= 16);
      const [first, last] = [Math.min(...own.map(({ step }) => step)), Math.max(...own.map(({ step }) => step))];
      const error = (layer: number, step: number) =>
        own.find((point) => point.layer === layer && point.step === step)?.trainError ?? Number.NaN;
      const ratios = [...new Set(own.map(({ layer }) => layer))].map(
        (layer) => error(layer, last) / error(layer, first),
      );
      if (ratios.length === 0) return [];
      const measured = `${ratios.length} layers, error at the end ${percent(Math.max(...ratios), 0)} or less of that at the start`;
      return [{ subject: "certified optimum, standardised features", holds: Math.max(...ratios) <= 0.5, measured }];
    },
  },
  ...theoremChecks,
];

function answers(result: Result, variant: string, frames: string, holds: (last: OwnAnswer) => boolean) {
  const own = ownAnswers(result.rows).filter((answer) => answer.variant === variant && answer.frames === frames);
  const last = own.toSorted((a, b) => a.step - b.step).at(-1);
  if (last === undefined) return [];
  const measured = `${percent(last.trainError)} after ${last.step} steps`;
  return [{ subject: "the network’s own classifier", holds: holds(last), measured }];
}
