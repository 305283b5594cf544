/**
 * @file A small Inception over its training, as section 4 of Alain & Bengio (2016) wished for: test error of a probe at
 * every tap and every checkpoint, the way to the main head and the auxiliary branch apart.
 */
import type { Result } from "@linear-probes/bench";
import type { TopLevelSpec } from "vega-lite";
import { claims } from "../claims/inception-cifar.ts";
import { certificateColumns } from "../certificate-columns.ts";
import type { FigureDefinition, Panel, PanelSize, Table } from "../figure.ts";
import { count, duration, percent, significant } from "../format.ts";
import { heads, lastOf, points, secondsOf, type TapError } from "../points/inception-cifar.ts";
import { describeSettings } from "../settings.ts";
import { color } from "../theme.ts";

export const inceptionCifar: FigureDefinition = {
  id: "inception-cifar",
  label: "Section 4",
  title: "A small Inception while it trains",
  source: "inception-cifar",
  replayLevel: "bitwise-one-machine",
  caption,
  panels,
  table,
  claims,
};

function caption({ rows, run }: Result): string {
  const all = points(rows);
  const steps = stepsOf(all);
  const [taps, certified] = [lastOf(all).length, all.filter((point) => point.certified).length];
  const reducers = [...new Set(all.map(({ reducer }) => reducer))].filter((reducer) => reducer !== "none");
  const own = heads(rows).slice(-2);
  const training = secondsOf(run, "training");
  const probing = secondsOf(run, "activations") + secondsOf(run, "probes");
  const sizes = describeSettings(run.settings, [
    ["rows.train", "training images", count],
    ["rows.validation", "of them for validation, not trained on", count],
    ["rows.probed", "that probes are fitted to", count],
    ["rows.test", "held-out images", count],
    ["probes.relativeGap", "relative gap at most", significant],
  ]);
  return (
    `Test error, in percent, of a certified probe at each of ${taps} taps of a small Inception on ${run.dataset.name} (blocks ` +
    `as in Inception v3, on grids of 16, 8 and 4, an auxiliary head of weight 0.4) at ${steps.length} checkpoints, from ` +
    `before training to ${count(steps.at(-1) ?? 0)} steps of 64 images; darker is worse. The auxiliary branch leaves after ` +
    `mixed_8d. Taps wider than the budget are pooled to a coarser grid first (${reducers.join(", ")}), so they can err more ` +
    `than all their features would; ${certified} of ${all.length} probes are certified, a dot marks the others. Each probe’s ` +
    `l2 is chosen on validation images, and it starts from the checkpoint before. The last row is the network’s own head: ` +
    `${own.map(({ branch, testError }) => `${branch} ${percent(testError)}`).join(", ")} in the end. Training took ` +
    `${duration(training)}, probing ${duration(probing)}.${sizes}`
  );
}

function stepsOf(all: readonly { readonly step: number }[]): readonly number[] {
  return [...new Set(all.map(({ step }) => step))];
}

interface Cell {
  readonly [key: string]: string | number | boolean;
  readonly step: string;
  readonly tap: string;
  readonly testError: number;
  readonly percent: string;
  readonly certified: boolean;
}

function panels({ rows }: Result): readonly Panel[] {
  const all = points(rows);
  const panel = (id: "main" | "auxiliary", title: string, share: number, branches: readonly string[]): Panel => {
    const own = all.filter(({ branch }) => branches.includes(branch));
    const itself = heads(rows).filter(({ branch }) => branch === id);
    const cells = [...own.map(cellOf), ...itself.map((head) => cellOf({ ...head, tap: "own head", certified: true }))];
    const ends = lastOf(own).map(({ tap, testError }) => `${tap}: ${percent(testError, 1)}`);
    return {
      id,
      title,
      share,
      probes: false,
      description: `Table of test errors by tap (downwards) and step (to the right). After the last step: ${ends.join("; ")}.`,
      spec: (size) => heatSpec(cells, size),
    };
  };
  return [
    panel("main", "(a) Test error (%) on the way to the main head, by training step", 0.5, ["trunk", "main"]),
    panel("auxiliary", "(b) Test error (%) on the auxiliary branch, by training step", 0.5, ["auxiliary"]),
  ];
}

function cellOf({ step, tap, testError, certified }: Pick<TapError, "step" | "tap" | "testError" | "certified">): Cell {
  return { step: String(step), tap, testError, percent: (100 * testError).toFixed(0), certified };
}

/** Taps downwards, steps to the right: a table whose cells are the darker the more a probe errs. */
function heatSpec(cells: readonly Cell[], { width, narrow }: PanelSize): TopLevelSpec {
  const taps = [...new Set(cells.map(({ tap }) => tap))];
  const steps = [...new Set(cells.map(({ step }) => step))];
  const line = narrow ? 20 : 24; // px
  const x = {
    field: "step",
    type: "ordinal" as const,
    sort: [...steps],
    title: "training step",
    axis: { labelAngle: -60, domain: false, ticks: false, grid: false },
  };
  const y = {
    field: "tap",
    type: "ordinal" as const,
    sort: [...taps],
    title: null,
    axis: { domain: false, ticks: false, grid: false },
  };
  return {
    width,
    height: line * taps.length + 60,
    autosize: { type: "fit", contains: "padding" },
    data: { values: [...cells] },
    layer: [
      {
        mark: { type: "rect", color: color("series1") },
        encoding: {
          x,
          y,
          opacity: {
            field: "testError",
            type: "quantitative",
            scale: { domain: [0, 0.9], range: [0, 0.65], clamp: true },
            legend: null,
          },
          tooltip: [{ field: "tap" }, { field: "step" }, { field: "testError", title: "test error", format: ".2%" }],
        },
      },
      {
        mark: { type: "text", fontSize: narrow ? 9 : 11, color: color("ink") },
        encoding: { x, y, text: { field: "percent" } },
      },
      {
        transform: [{ filter: "!datum.certified" }],
        mark: { type: "point", filled: true, size: 12, color: color("ink"), opacity: 1, yOffset: -line / 3 },
        encoding: { x, y },
      },
    ],
  };
}

function table({ rows }: Result): Table {
  return {
    columns: [
      { key: "step", title: "step", format: count },
      { key: "epoch", title: "epochs", format: (value) => String(Number(value.toFixed(2))) },
      { key: "tap", title: "tap" },
      { key: "branch", title: "branch" },
      { key: "testError", title: "test error", format: percent },
      ...certificateColumns,
      { key: "status", title: "ended" },
      { key: "passes", title: "passes", format: (value) => String(Number(value.toFixed(1))) },
      { key: "features", title: "features", format: count },
      { key: "columns", title: "after the reducer", format: count },
      { key: "reducer", title: "reducer" },
    ],
    rows: points(rows),
  };
}
