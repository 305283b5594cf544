/**
 * @file Figure 8 of Alain & Bengio (2016): train error of probes at all layers of a network of 128 layers whose layer 64
 * also reads the input, at three moments of its training.
 */
import type { Result } from "@linear-probes/bench";
import { claims } from "../claims/fig08-skip-connection.ts";
import { frameSpec, frameTable } from "../deep-chart.ts";
import type { FigureDefinition, Panel, Table } from "../figure.ts";
import { count, significant } from "../format.ts";
import { digitised } from "../paper/fig08-digitised.ts";
import { ownAnswers, probes, profile, series } from "../points/deep-networks.ts";
import { stepsOf } from "../points/frames.ts";
import { describeSettings } from "../settings.ts";

export const fig08SkipConnection: FigureDefinition = {
  id: "fig08-skip-connection",
  label: "Figure 8",
  title: "A skip connection to the middle, and the half that is then ignored",
  source: "fig08-skip-connection",
  replayLevel: "bitwise-one-machine",
  caption,
  panels,
  table,
  claims,
};

function caption({ rows, run }: Result): string {
  const sizes = describeSettings(run.settings, [
    ["images", "images the network trains on", count],
    ["shown.images", "images the probes are fitted to", count],
    ["shown.certified.l2", "l2 of the certified probes", significant],
    ["shown.certified.relativeGap", "their relative gap at most", significant],
    ["shown.rmsprop.epochs", "epochs of RMSProp", count],
    ["shown.rmsprop.learningRate", "learning rate", significant],
  ]);
  const skip = Number(Object(run.settings["network"])?.["skipTo"] ?? 64);
  return (
    `A network of ${Math.max(...probes(rows, "shown").map(({ layer }) => layer))} layers (leaky ReLU of slope 0.5, ` +
    `Glorot-normal weights, Adam at 3e-4 on batches of 128) whose layer ${skip} reads layer 0 besides layer ${skip - 1}. ` +
    `Every layer is probed on the training error (a fraction of the images), as in the paper. The coarsely dashed line without markers, in the ` +
    `paper’s colour, is the paper’s own figure, digitised to about 0.004; the fine dots mark the error of always ` +
    `answering the most frequent digit. The paper’s plateau stands on those dots: its probes there learned nothing but ` +
    `a bias. RMSProp on raw features does the same here, since features shrink by a fifth at every layer; the certified ` +
    `optimum on standardised features still reads the digits. The paper names neither the optimiser of its network nor ` +
    `how long its probes were trained; ours were trained for the length that came nearest to its first frame.${sizes}`
  );
}

function panels({ rows }: Result): readonly Panel[] {
  const all = probes(rows, "shown");
  const steps = stepsOf(all);
  const majority = ownAnswers(rows).find(({ frames }) => frames === "shown")?.majorityError;
  return steps.map((step) => {
    const own = all.filter((point) => point.step === step);
    const ends = series.flatMap(({ label }) => {
      const errors = profile(own, label, step);
      const last = Math.max(...errors.keys());
      return errors.size === 0
        ? []
        : [`${label}: ${errors.get(0)?.toFixed(3)} at the input, ${errors.get(last)?.toFixed(3)} at layer ${last}`];
    });
    return {
      id: `step-${step}`,
      title: `Train error after ${count(step)} steps`,
      share: 1 / steps.length,
      probes: true,
      description: `Line chart of train error by layer after ${step} steps. ${ends.join("; ")}.`,
      spec: (size) => frameSpec(own, size, { param: `fig08_${step}`, series, paper: papersBars(rows, step), majority }),
    };
  });
}

function table({ rows }: Result): Table {
  return frameTable(probes(rows, "shown"), (step) => papersBars(rows, step));
}

/** The paper's digitised bars, which are of 128 layers: beside a smaller network they would mean nothing. */
function papersBars(rows: Result["rows"], step: number): readonly number[] | undefined {
  const depth = Math.max(...probes(rows, "shown").map(({ layer }) => layer));
  return depth === 128 ? digitised(step) : undefined;
}
