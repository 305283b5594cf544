/**
 * @file The film of figure 7 of Alain & Bengio (2016), the step at which every layer becomes readable, and how far other
 * networks of the same kind agree.
 */
import type { Result } from "@linear-probes/bench";
import { claims } from "../claims/fig07-film.ts";
import { fraction, replicaSpec } from "../deep-chart.ts";
import type { FigureDefinition, Panel, Table } from "../figure.ts";
import { filmSpec, rippleSpec } from "../film.ts";
import { count, significant } from "../format.ts";
import { crossings, probes, replicaPoints, stepsOf } from "../points/deep-networks.ts";
import type { Series } from "../series.ts";
import { describeSettings } from "../settings.ts";

export const fig07Film: FigureDefinition = {
  id: "fig07-film",
  label: "Figure 7, film",
  title: "Readability spreads from layer to layer",
  source: "fig07-auxiliary-losses",
  replayLevel: "bitwise-one-machine",
  caption,
  panels,
  table,
  claims,
};

const kinds: readonly Series[] = [
  { key: "auxiliary", label: "with auxiliary losses", color: "series1", shape: "circle", dash: [1, 0] },
  { key: "plain", label: "without", color: "series2", shape: "square", dash: [6, 3] },
];

function caption({ rows, run }: Result): string {
  const film = probes(rows, "animation");
  const networks = Math.max(0, ...networkPoints(rows).map((point) => point.networks));
  const sizes = describeSettings(run.settings, [
    ["animation.images", "images the film’s probes are fitted to", count],
    ["animation.certified.relativeGap", "their relative gap at most", significant],
    ["replicas.images", "images for the further networks", count],
    ["replicas.steps.0", "their steps", count],
  ]);
  return (
    `Certified probes at ${stepsOf(film).length} moments of the training, each started from the one before; the slider ` +
    `(arrow keys too) moves through them, and the broken lines are the first and the last. Probes are fitted to fewer ` +
    `images and layers than in figure 7, so that their errors are lower. Beside it, the step at which each layer’s ` +
    `probe first errs so little. Last, ${networks} networks of each kind with their own weights and order of images: ` +
    `the mean, and from the least to the greatest as a band; none was chosen.${sizes}`
  );
}

function networkPoints(rows: Result["rows"]) {
  return kinds.flatMap(({ key, label }) => replicaPoints(rows, key, label));
}

function panels({ rows }: Result): readonly Panel[] {
  const film = probes(rows, "animation");
  const steps = stepsOf(film);
  const crossed = crossings(film, 0.3);
  const networks = networkPoints(rows);
  return [
    {
      id: "film",
      title: "Train error (fraction) by layer, frame by frame",
      share: 0.4,
      probes: false,
      description: `Line chart of train error by layer with a slider for the training step, from ${steps[0] ?? 0} to ${steps.at(-1) ?? 0}.`,
      spec: (size) => filmSpec(film, size, "fig7_frame"),
    },
    {
      id: "ripple",
      title: "Step at which a layer becomes readable",
      share: 0.3,
      probes: false,
      description: `Line chart of the step at which each layer’s probe first errs at most so much. ${crossed.length} layers come to err at most 0.3.`,
      spec: (size) => rippleSpec(film, size, "fig7_crossing"),
    },
    {
      id: "networks",
      title: "Train error (fraction), several networks",
      share: 0.3,
      probes: true,
      description: "Line chart of the mean train error by layer over several networks, with their range as a band.",
      spec: (size) => replicaSpec(networks, size, { param: "fig7_networks", series: kinds }),
    },
  ];
}

function table({ rows }: Result): Table {
  const film = probes(rows, "animation").map((point) => ({
    ...point,
    panel: "film",
    low: null,
    high: null,
    networks: 1,
  }));
  const networks = networkPoints(rows).map((point) => ({ ...point, panel: "networks", step: null }));
  return {
    columns: [
      { key: "panel", title: "panel" },
      { key: "series", title: "kind" },
      { key: "step", title: "step" },
      { key: "layer", title: "layer" },
      { key: "trainError", title: "train error", format: fraction },
      { key: "low", title: "least", format: fraction },
      { key: "high", title: "greatest", format: fraction },
      { key: "networks", title: "networks" },
      { key: "certified", title: "certified" },
    ],
    rows: [...film, ...networks],
  };
}
