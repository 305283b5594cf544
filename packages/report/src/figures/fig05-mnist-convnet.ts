/**
 * @file Figure 5 of Alain & Bengio (2016): probes at ten taps of a small MNIST convnet, before and after training.
 *
 * The vertical axis is logarithmic and the same in both panels: untrained errors span 2 % to 20 %, trained ones 0.8 % to
 * 8 %, and the paper's remarks are about both ends.
 */
import type { Result } from "@linear-probes/bench";
import type { TopLevelSpec } from "vega-lite";
import { claims } from "../claims/fig05-mnist-convnet.ts";
import { certificateColumns } from "../certificate-columns.ts";
import type { FigureDefinition, Panel, PanelSize, Table } from "../figure.ts";
import { count, percent, significant } from "../format.ts";
import { describeSettings } from "../settings.ts";
import { untrainedConvnet } from "../paper/targets.ts";
import { modelError, points, series, steps, type TapPoint } from "../points/fig05-mnist-convnet.ts";
import { seriesLayers } from "../series.ts";
import { errorDomain, logErrorAxis, tapPosition } from "../tap-chart.ts";
import { color } from "../theme.ts";

export const fig05MnistConvnet: FigureDefinition = {
  id: "fig05-mnist-convnet",
  label: "Figure 5",
  title: "A convnet’s layers, before and after training",
  source: "fig05-mnist-convnet",
  replayLevel: "bitwise-one-machine",
  caption,
  panels,
  table,
  claims,
};

function caption({ rows, run }: Result): string {
  const last = steps(rows).at(-1);
  const sizes = describeSettings(run.settings, [
    ["rows.train", "training images", count],
    ["rows.validation", "of them for validation", count],
    ["rows.test", "test images", count],
    ["earlyStopping.epochs", "epochs of RMSProp at most", count],
    ["certified.chosenGap", "relative gap of the certified probes at most", significant],
  ]);
  const trained = last === undefined ? "" : ` and after ${count(last.step)} minibatches (${epochs(last.epoch)})`;
  return (
    `Test error of a linear probe at each of ten taps of the TensorFlow tutorial convnet, in order of depth, before ` +
    `any training${trained}; data: ${run.dataset.name}. All features of a tap are used. Two kinds of probes: RMSProp on ` +
    `raw features stopped early on a validation set, as the paper did, within a budget of epochs that often ends first ` +
    `(the paper gives no settings; ours were chosen for their cost, with validation errors in view); and the certified optimum of the penalised ` +
    `problem, its l2 chosen on the same validation set. Dashed lines in (a) are the 8 % and 2 % that the paper states; ` +
    `the dotted line in (b) is the network’s own test error.${sizes}`
  );
}

/** A level drawn across a panel; its label stands where points are not expected. */
interface Reference {
  readonly level: number;
  readonly label: string;
  readonly along: number; // of the label, 0 at the first tap, 1 at the last
  readonly above: boolean; // the label, else below; on a narrow page always to the right
}

function panels({ rows }: Result): readonly Panel[] {
  const all = points(rows);
  const [first, ...rest] = steps(rows);
  const last = rest.at(-1);
  const targets = [
    { level: untrainedConvnet.first, label: `paper: ${percent(untrainedConvnet.first, 0)}`, along: 0.5, above: true },
    { level: untrainedConvnet.best, label: `paper: ${percent(untrainedConvnet.best, 0)}`, along: 1, above: false },
  ];
  const head = last === undefined ? undefined : modelError(rows, last.step);
  const own =
    head === undefined ? [] : [{ level: head, label: `the network itself: ${percent(head)}`, along: 0, above: true }];
  const shown = [...all.map((point) => point.testError), ...[...targets, ...own].map(({ level }) => level)];
  const domain = errorDomain(shown);
  const panel = (id: string, title: string, step: number, references: readonly Reference[]): Panel => {
    const data = all.filter((point) => point.step === step);
    return {
      id,
      title,
      share: 0.5,
      probes: true,
      description: `Test error by tap, in order of depth. ${data.map(sentence).join("; ")}.`,
      spec: (size) => tapSpec(data, references, { domain, param: `fig05_${id}`, paper: id === "before" }, size),
    };
  };
  return [
    ...(first === undefined
      ? []
      : [panel("before", "(a) Test error before training (log scale)", first.step, targets)]),
    ...(last === undefined
      ? []
      : [panel("after", `(b) Test error after ${epochs(last.epoch)} of training (log scale)`, last.step, own)]),
  ];
}

function sentence(point: TapPoint): string {
  return `${point.tap}, ${point.series}: ${percent(point.testError)}`;
}

function epochs(epoch: number): string {
  const rounded = Number(epoch.toFixed(2));
  return rounded === 1 ? "1 epoch" : `${rounded} epochs`;
}

interface TapOptions {
  readonly domain: readonly [number, number];
  readonly param: string;
  readonly paper: boolean; // references are the paper's numbers, not ours
}

/** Depth runs to the right; on a narrow page, downwards, so that the names of taps stay readable. */
function tapSpec(
  data: readonly TapPoint[],
  references: readonly Reference[],
  { domain, param, paper }: TapOptions,
  { width, narrow }: PanelSize,
): TopLevelSpec {
  const valueChannel = narrow ? "x" : "y";
  const position = tapPosition(narrow, logErrorAxis("testError", domain, narrow));
  const reference = { field: "level", type: "quantitative" as const };
  const hue = paper ? color("target") : color("soft");
  return {
    width,
    height: narrow ? 380 : 420,
    autosize: { type: "fit", contains: "padding" },
    data: { values: [...data] },
    layer: [
      {
        data: { values: references.map(({ level }) => ({ level })) },
        mark: { type: "rule", strokeDash: paper ? [5, 4] : [1, 4], strokeCap: "round", strokeWidth: 1.5, color: hue },
        encoding: { [valueChannel]: reference },
      },
      ...seriesLayers(series, position, {
        param,
        markerSize: narrow ? 44 : 64,
        tooltip: [
          { field: "tap" },
          { field: "series", title: "probe" },
          { field: "testError", title: "test error", format: ".2%" },
          { field: "features", format: "," },
          { field: "l2", format: ".1e" },
          { field: "gapNats", title: "duality gap (nats)", format: ".1e" },
          { field: "status" },
        ],
        ...(narrow ? { order: "depth" } : {}),
      }),
      ...references.map((one) => referenceLabel(one, hue, narrow)),
    ],
  };
}

function referenceLabel({ level, label, along, above }: Reference, hue: string, narrow: boolean) {
  const text = { type: "text" as const, color: hue };
  const align = along === 0 ? ("left" as const) : along === 1 ? ("right" as const) : ("center" as const);
  const inset = 6 - 12 * along; // px, away from the ends of the frame
  return {
    data: { values: [{ level, label }] },
    mark: narrow
      ? { ...text, align: "left" as const, dx: 5, dy: inset, y: { expr: `${along} * height` } }
      : { ...text, align, dx: inset, dy: above ? -8 : 9, x: { expr: `${along} * width` } },
    encoding: {
      [narrow ? "x" : "y"]: { field: "level", type: "quantitative" as const },
      text: { field: "label", type: "nominal" as const },
    },
  };
}

function table({ rows }: Result): Table {
  return {
    columns: [
      { key: "epoch", title: "epochs", format: (value) => String(Number(value.toFixed(2))) },
      { key: "tap", title: "tap" },
      { key: "series", title: "probe" },
      { key: "testError", title: "test error", format: percent },
      ...certificateColumns,
      { key: "status", title: "ended" },
      { key: "passes", title: "passes", format: (value) => String(Number(value.toFixed(1))) },
      { key: "features", title: "features", format: count },
    ],
    rows: points(rows),
  };
}
