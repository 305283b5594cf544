/** @file Checks that any correct probe of a deep network must pass, whatever the paper says; and how claims judge by kind. */
import type { Result } from "@linear-probes/bench";
import type { Claim, Finding } from "../claim.ts";
import { percent } from "../format.ts";
import { type DeepPoint, ownAnswers, probes, profile, series } from "../points/deep-networks.ts";
import { stepsOf } from "../points/frames.ts";

/** Judges each kind of probe by its points in the frames shown. */
export function perProtocol(
  { rows }: Result,
  judge: (
    at: (step: number) => ReadonlyMap<number, number>,
    steps: readonly number[],
  ) => Omit<Finding, "subject"> | undefined,
  frames = "shown",
): readonly Finding[] {
  const all = probes(rows, frames);
  return series.flatMap(({ label }) => {
    const own = all.filter((point) => point.series === label);
    const finding = own.length === 0 ? undefined : judge((step) => profile(own, label, step), stepsOf(own));
    return finding === undefined ? [] : [{ subject: label, ...finding }];
  });
}

export const lastOf = <T>(values: readonly T[]): T | undefined => values.at(-1);

/** Why a run of other depth, or on other digits, cannot decide what the paper says of 128 layers on MNIST. */
export function notThePapers({ rows, run }: Result): string | undefined {
  if (run.dataset.synthetic) return "this run used synthetic digits; the claim is about MNIST";
  const depth = Math.max(...probes(rows, "shown").map(({ layer }) => layer));
  return depth === 128 ? undefined : `this run’s network has ${depth} layers; the claim is about 128`;
}

/** A reason when the last frame comes before `steps`. */
export function tooShort(result: Result, steps: number): string | undefined {
  const last = Math.max(...probes(result.rows, "shown").map(({ step }) => step));
  return last >= steps ? notThePapers(result) : `this run trained for ${last} steps; the claim is about ${steps}`;
}

export const theoremChecks: readonly Claim[] = [
  {
    id: "input-does-not-move",
    statement: "The probe on the raw input does not move over training (a check that any correct probe must pass).",
    place: "definition of the probe, section 3.1",
    provenance: "not in the paper",
    rule: "train error at layer 0 is the same at all steps shown",
    tolerance: "None: training never touches the input. (In the paper’s figure 8 bar 0 falls from 0.107 to 0.073.)",
    judge: (result) =>
      perProtocol(result, (at, steps) => {
        const errors = steps.flatMap((step) => at(step).get(0) ?? []);
        if (errors.length < 2) return undefined;
        const spread = Math.max(...errors) - Math.min(...errors);
        return { holds: spread === 0, measured: errors.map((error) => percent(error)).join(", ") };
      }),
  },
  {
    id: "not-below-majority",
    statement:
      "No probe is worse than always answering the most frequent digit (a check that any probe worth its name must pass).",
    place: "definition of the probe, section 3.1",
    provenance: "not in the paper",
    rule: "no train error exceeds that of the most frequent digit by more than 0.005",
    tolerance: "A probe minimises cross-entropy, which bounds the error only loosely; 0.005 allows for that.",
    judge: (result) => {
      const majority = ownAnswers(result.rows).find(({ frames }) => frames === "shown")?.majorityError;
      if (majority === undefined) return [];
      return perProtocol(result, (at, steps) => {
        const worst = Math.max(...steps.flatMap((step) => [...at(step).values()]));
        return {
          holds: worst <= majority + 0.005,
          measured: `worst ${percent(worst)}, most frequent digit ${percent(majority)}`,
        };
      });
    },
  },
  {
    id: "probe-beats-own-classifier",
    statement:
      "On the last layer the probe is at least as good as the network’s own classifier, itself a probe (a check).",
    place: "definition of the probe, section 3.1",
    provenance: "not in the paper",
    rule: "at no step shown does the last layer’s probe err more than the network’s own classifier by more than 0.02",
    tolerance: "0.02 covers the penalty, and that the network’s own error is taken on fewer images.",
    judge: ({ rows, run }) => {
      const depth = lastLayer(probes(rows, "shown"));
      return perProtocol({ rows, run, experiment: run.experiment }, (at, steps) => {
        const gaps = steps.flatMap((step) => {
          const own = ownAnswers(rows).find((answer) => answer.frames === "shown" && answer.step === step);
          const probe = at(step).get(depth);
          return own === undefined || probe === undefined ? [] : [{ step, own: own.trainError, probe }];
        });
        if (gaps.length === 0) return undefined;
        return {
          holds: gaps.every(({ own, probe }) => probe <= own + 0.02),
          measured: gaps
            .map(({ step, own, probe }) => `step ${step}: ${percent(probe)} and ${percent(own)}`)
            .join("; "),
        };
      });
    },
  },
];

function lastLayer(points: readonly DeepPoint[]): number {
  return Math.max(...points.map(({ layer }) => layer));
}
