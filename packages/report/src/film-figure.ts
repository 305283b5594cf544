/**
 * @file What the films of figures 7 and 8 share: the film itself, the step at which every layer becomes readable, and
 * how far other networks of the same kind agree.
 */
import type { Result } from "@linear-probes/bench";
import { thresholds } from "./claims/ripple.ts";
import { errorAxis, fraction, layerAxis, replicaSpec } from "./deep-chart.ts";
import type { FigureDefinition, Panel, Table } from "./figure.ts";
import { filmSpec, rippleSpec, stepAxis } from "./film.ts";
import { count, significant } from "./format.ts";
import { crossings, probes, replicaPoints } from "./points/deep-networks.ts";
import { stepsOf } from "./points/frames.ts";
import type { Series } from "./series.ts";
import { describeSettings } from "./settings.ts";

type Film = Pick<FigureDefinition, "id" | "title" | "source" | "claims"> & {
  readonly figure: number; // of the paper
  readonly kinds: readonly Series[]; // of networks
};

export function filmFigure(film: Film): FigureDefinition {
  const { id, title, source, claims, figure } = film;
  return {
    id,
    label: `Figure ${figure}, film`,
    title,
    source,
    replayLevel: "bitwise-one-machine",
    caption: (result) => captionOf(film, result),
    panels: (result) => panelsOf(film, result),
    table: (result) => tableOf(film, result),
    claims,
  };
}

function captionOf({ figure, kinds }: Film, { rows, run }: Result): string {
  const film = probes(rows, "animation");
  const networks = Math.max(0, ...networkPoints(kinds, rows).map((point) => point.networks));
  const sizes = describeSettings(run.settings, [
    ["animation.images", "images the film’s probes are fitted to", count],
    ["animation.certified.relativeGap", "their relative gap at most", significant],
    ["replicas.images", "images for the further networks", count],
    ["replicas.steps.0", "their steps", count],
  ]);
  return (
    `Certified probes at ${stepsOf(film).length} moments of the training, each started from the one before; the slider ` +
    `(arrow keys too) moves through them, and the broken lines are the first and the last. Probes are fitted to fewer ` +
    `images and layers than in figure ${figure}, so that their errors are lower. Beside it, the step at which each layer’s ` +
    `probe first errs so little. Last, ${networks} networks of each kind with their own weights and order of images: ` +
    `the mean, and from the least to the greatest as a band; none was chosen.${sizes}`
  );
}

function networkPoints(kinds: readonly Series[], rows: Result["rows"]) {
  return kinds.flatMap(({ key, label }) => replicaPoints(rows, key, label));
}

function panelsOf({ figure, kinds }: Film, { rows }: Result): readonly Panel[] {
  const film = probes(rows, "animation");
  const steps = stepsOf(film);
  const crossed = crossings(film, 0.3);
  const networks = networkPoints(kinds, rows);
  const deepest = Math.max(1, ...film.map(({ layer }) => layer));
  return [
    {
      id: "film",
      title: "Train error (fraction) by layer, frame by frame",
      share: 0.4,
      probes: false,
      film: { param: `fig${figure}_frame`, frames: steps.length },
      description: `Line chart of train error by layer with a slider for the training step, from ${steps[0] ?? 0} to ${steps.at(-1) ?? 0}.`,
      spec: (size) =>
        filmSpec(
          film.map(({ layer, trainError, step }) => ({ layer, trainError, step })),
          size,
          {
            param: `fig${figure}_frame`,
            position: { x: layerAxis(deepest, size.narrow), y: errorAxis },
            height: size.narrow ? 280 : 320,
          },
        ),
    },
    {
      id: "ripple",
      title: "Step at which a layer becomes readable",
      share: 0.3,
      probes: false,
      description: `Line chart of the step at which each layer’s probe first errs at most so much. ${crossed.length} layers come to err at most 0.3.`,
      spec: (size) =>
        rippleSpec(new Map(thresholds.map((threshold) => [threshold, crossings(film, threshold)])), size, {
          param: `fig${figure}_crossing`,
          position: { x: layerAxis(deepest, true), y: stepAxis(steps.at(-1) ?? 1) },
          height: size.narrow ? 280 : 320,
        }),
    },
    {
      id: "networks",
      title: "Train error (fraction), several networks",
      share: 0.3,
      probes: true,
      description: "Line chart of the mean train error by layer over several networks, with their range as a band.",
      spec: (size) => replicaSpec(networks, size, { param: `fig${figure}_networks`, series: kinds }),
    },
  ];
}

function tableOf({ kinds }: Film, { rows }: Result): Table {
  const film = probes(rows, "animation").map((point) => ({
    ...point,
    panel: "film",
    low: null,
    high: null,
    networks: 1,
  }));
  const networks = networkPoints(kinds, rows).map((point) => ({ ...point, panel: "networks", step: null }));
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
