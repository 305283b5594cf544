/** @file What the paper says about figure 5 (Alain & Bengio 2016, section 3.3), and the model it takes. */
import type { Result } from "@linear-probes/bench";
import type { Claim, Finding } from "../claim.ts";
import { percent } from "../format.ts";
import { modelAim, trainedConvnet, untrainedConvnet } from "../paper/targets.ts";
import { modelError, points, series, steps, type TapPoint } from "../points/fig05-mnist-convnet.ts";

const place = "section 3.3 and caption of figure 5";

export const claims: readonly Claim[] = [
  {
    id: "untrained-8-to-2",
    statement: "(a) Before any training the test error goes from 8 % on the pixels to 2 % on random features.",
    place,
    provenance: "stated",
    rule: "test error at the input within 7 % to 9 %, and the lowest of all taps within 1 % to 3 %",
    tolerance:
      "The paper gives one digit; one point either way covers its rounding and another random draw of weights.",
    undecidable: synthetic,
    judge: (result) =>
      perSeries(result, "first", (taps, first) => {
        const best = taps.reduce((a, b) => (b.testError < a.testError ? b : a));
        return {
          holds: within(first.testError, untrainedConvnet.first) && within(best.testError, untrainedConvnet.best),
          measured: `${percent(first.testError)} → ${percent(best.testError)} (lowest, at ${best.tap})`,
        };
      }),
  },
  {
    id: "first-relu",
    statement: "(a) The biggest single drop is across the first ReLU.",
    place: "caption of figure 5",
    provenance: "stated",
    rule: "of the drops between neighbouring taps, conv1_preact → conv1_postact is the greatest",
    tolerance: "None: an order needs no width.",
    undecidable: synthetic,
    judge: (result) =>
      perSeries(result, "first", (taps) => {
        const drops = changes(taps).sort((a, b) => a.change - b.change);
        const [greatest, second] = drops;
        return {
          holds: greatest?.from === "conv1_preact" && greatest.to === "conv1_postact" && greatest.change < 0,
          measured: `greatest ${changeText(greatest)}; next ${changeText(second)}`,
        };
      }),
  },
  {
    id: "trained-improves",
    statement: `(b) After ${trainedConvnet.epochs} epochs the test error improves at every layer, except at ${trainedConvnet.kink}.`,
    place: "caption of figure 5",
    provenance: "stated",
    rule: `no tap but ${trainedConvnet.kink} is more than 0.1 points worse than the tap before it`,
    tolerance: "0.1 points are 10 of 10,000 test images, one standard error of an error of 1 %.",
    undecidable: notTrained,
    judge: (result) =>
      perSeries(result, "last", (taps) => {
        const worse = changes(taps).filter(({ to, change }) => to !== trainedConvnet.kink && change > 0.001 + rounding);
        const measured = worse.length === 0 ? "no other tap is worse" : worse.map(changeText).join("; ");
        return { holds: worse.length === 0, measured };
      }),
  },
  {
    id: "trained-kink",
    statement: `(b) After ${trainedConvnet.epochs} epochs there is a minor kink at ${trainedConvnet.kink}.`,
    place: "caption of figure 5",
    provenance: "stated",
    rule: `${trainedConvnet.kink} is worse than the tap before it, by at most 1 point`,
    tolerance: "“Minor” is not given in numbers; 1 point is an eighth of the error on the pixels.",
    undecidable: notTrained,
    judge: (result) =>
      perSeries(result, "last", (taps) => {
        const kink = changes(taps).find(({ to }) => to === trainedConvnet.kink);
        return {
          holds: kink !== undefined && kink.change > 0 && kink.change <= 0.01 + rounding,
          measured: changeText(kink),
        };
      }),
  },
  {
    id: "model-error",
    statement: `The trained network itself reaches a test error of at most ${percent(modelAim, 1)}.`,
    place: "TensorFlow’s tutorial, whose model section 3.3 takes, promises about 0.8 %",
    provenance: "not in the paper",
    rule: `test error of the network’s own head ≤ ${percent(modelAim, 1)}`,
    tolerance: "1.0 % is our own bound: 0.2 points are two standard errors of an error of 0.8 % over 10,000 images.",
    undecidable: notTrained,
    judge: ({ rows }) => {
      const error = modelError(rows, steps(rows).at(-1)?.step ?? Number.NaN);
      if (error === undefined) return [];
      return [{ subject: "network", holds: error <= modelAim + rounding, measured: percent(error) }];
    },
  },
];

const rounding = 1e-9; // errors are multiples of 1/n; differences of them are not exact

function within(error: number, target: number): boolean {
  return Math.abs(error - target) <= 0.01 + rounding;
}

function synthetic({ run }: Result): string | undefined {
  return run.dataset.synthetic ? "this run used synthetic digits; the claim is about MNIST" : undefined;
}

function notTrained(result: Result): string | undefined {
  const epoch = steps(result.rows).at(-1)?.epoch ?? 0;
  if (!(epoch > trainedConvnet.epochs - 0.01)) {
    return `this run trained for ${Number(epoch.toFixed(2))} epochs; the claim is about ${trainedConvnet.epochs}`;
  }
  return synthetic(result);
}

interface Change {
  readonly from: string;
  readonly to: string;
  readonly change: number; // of the test error, fraction
}

/** From each tap to the next. */
function changes(taps: readonly TapPoint[]): Change[] {
  return taps.slice(1).flatMap((to, i) => {
    const from = taps[i];
    return from === undefined ? [] : [{ from: from.tap, to: to.tap, change: to.testError - from.testError }];
  });
}

function changeText(change: Change | undefined): string {
  if (change === undefined) return "not measured";
  const sign = change.change > 0 ? "+" : "−";
  return `${change.from} → ${change.to} ${sign}${(100 * Math.abs(change.change)).toFixed(2)} points`;
}

/** Judges each kind of probe by its taps in order of depth, before training or at the last step measured. */
function perSeries(
  { rows }: Result,
  when: "first" | "last",
  judge: (taps: readonly TapPoint[], first: TapPoint) => Omit<Finding, "subject">,
): readonly Finding[] {
  const step = steps(rows).at(when === "first" ? 0 : -1)?.step;
  const all = points(rows).filter((point) => point.step === step);
  return series.flatMap(({ label }) => {
    const taps = all.filter((point) => point.series === label);
    const first = taps[0];
    return first === undefined ? [] : [{ subject: label, ...judge(taps, first) }];
  });
}
