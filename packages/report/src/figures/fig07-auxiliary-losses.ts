/**
 * @file Figure 7 of Alain & Bengio (2016): train error of probes at all layers of a network of 128 layers that is helped
 * by auxiliary classifiers, at three moments of its training; and of the same network without them at the end.
 */
import type { Result } from "@linear-probes/bench";
import { claims } from "../claims/fig07-auxiliary-losses.ts";
import { frameSpec, frameTable } from "../deep-chart.ts";
import type { FigureDefinition, Panel, Table } from "../figure.ts";
import { count, percent, significant } from "../format.ts";
import { type DeepPoint, ownAnswers, probes, series } from "../points/deep-networks.ts";
import { stepsOf } from "../points/frames.ts";
import { describeSettings } from "../settings.ts";

export const fig07AuxiliaryLosses: FigureDefinition = {
  id: "fig07-auxiliary-losses",
  label: "Figure 7",
  title: "Auxiliary losses make a network of 128 layers trainable",
  source: "fig07-auxiliary-losses",
  replayLevel: "bitwise-one-machine",
  caption,
  panels,
  table,
  claims,
};

function caption({ rows, run }: Result): string {
  const sizes = describeSettings(run.settings, [
    ["images", "images the networks train on", count],
    ["shown.images", "images the probes are fitted to", count],
    ["control.images", "in the control", count],
    ["shown.certified.l2", "l2 of the certified probes", significant],
    ["shown.certified.relativeGap", "their relative gap at most", significant],
    ["shown.rmsprop.epochs", "epochs of RMSProp", count],
  ]);
  const answers = ownAnswers(rows).filter(({ frames }) => frames === "shown" || frames === "control");
  const own = answers.map(
    ({ variant, step, trainError }) =>
      `${variant === "plain" ? "without them" : "with auxiliary losses"} after ${count(step)} steps ${percent(trainError, 1)}`,
  );
  return (
    `A network of ${Math.max(...probes(rows, "shown").map(({ layer }) => layer))} layers (leaky ReLU of slope 0.5, ` +
    `Glorot-normal weights, Adam at 3e-4 on batches of 128) with an auxiliary classifier at every 16th layer; last, ` +
    `as a control, the same weights and batches without them. Every layer is probed on the training error (a fraction of the images), as in the paper; the ` +
    `fine dots mark the error of always answering the most frequent digit. The networks’ own last classifiers err on: ` +
    `${own.join(", ")}. Which three moments the paper shows is not recoverable; 0, 500 and 5,000 steps are believed.${sizes}`
  );
}

/** The frames of the network with auxiliary losses, then the control. */
function shown(rows: Result["rows"]): readonly DeepPoint[] {
  const control = probes(rows, "control").map((point) => ({ ...point, panel: "control" }));
  return [...probes(rows, "shown"), ...control];
}

function panels({ rows }: Result): readonly Panel[] {
  const all = shown(rows);
  const names = [...new Set(all.map(({ panel }) => panel))];
  const majority = ownAnswers(rows).find(({ frames }) => frames === "shown")?.majorityError;
  return names.map((name) => {
    const own = all.filter(({ panel }) => panel === name);
    const step = stepsOf(own)[0] ?? 0;
    const control = name === "control";
    const last = own.findLast(({ series }) => series.startsWith("certified"));
    return {
      id: name,
      title: control ? `Control, after ${count(step)} steps` : `Train error after ${count(step)} steps`,
      share: 1 / names.length,
      probes: true,
      description:
        `Line chart of train error by layer after ${step} steps${control ? ", without auxiliary losses" : ""}. ` +
        `The certified probe errs on ${last?.trainError.toFixed(3) ?? "–"} at layer ${last?.layer ?? "–"}.`,
      spec: (size) => frameSpec(own, size, { param: `fig07_${name.replace("-", "_")}`, series, majority }),
    };
  });
}

function table({ rows }: Result): Table {
  return frameTable(shown(rows), () => undefined);
}
