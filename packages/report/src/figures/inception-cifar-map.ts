/** @file The small Inception as a graph, every tap coloured by the error of its probe after the last step. */
import type { Result } from "@linear-probes/bench";
import type { TopLevelSpec } from "vega-lite";
import { diagramSpec } from "../diagram/draw.ts";
import { layoutOf } from "../diagram/layout.ts";
import type { FigureDefinition, Panel, PanelSize, Table } from "../figure.ts";
import { count, percent } from "../format.ts";
import { lastOf, points, type TapError } from "../points/inception-cifar.ts";
import { type Diagram, diagramOf } from "../points/model-graphs.ts";
import { color } from "../theme.ts";

export const inceptionCifarMap: FigureDefinition = {
  id: "inception-cifar-map",
  label: "Section 4, map",
  title: "Where in the small Inception the classes become readable",
  source: "inception-cifar",
  replayLevel: "bitwise-one-machine",
  caption,
  panels,
  table,
  claims: [],
};

function caption({ rows }: Result): string {
  const last = lastOf(points(rows));
  const byError = last.toSorted((a, b) => a.testError - b.testError);
  const [best, worst] = [byError[0], byError.at(-1)];
  return (
    `The network of the figure before, drawn from the graph that is trained: its taps, each with its probe and the probe’s ` +
    `test error after ${count(last[0]?.step ?? 0)} steps; the stronger the colour, the more it errs. Branches within a block ` +
    `are drawn into the arrows. Least error ${percent(best?.testError ?? 0)} at ${best?.tap ?? "no tap"}, greatest ` +
    `${percent(worst?.testError ?? 0)} at ${worst?.tap ?? "no tap"}.`
  );
}

function panels({ rows }: Result): readonly Panel[] {
  const last = lastOf(points(rows));
  const { nodes, edges } = diagramOf(rows, "inception-cifar");
  // Branches of a block that lead from the same tap to the same tap are one arrow.
  const diagram = { nodes, edges: [...new Map(edges.map((edge) => [edge.join("→"), edge])).values()] };
  return [
    {
      id: "map",
      title: "Taps coloured by the test error of their probes",
      share: 1,
      probes: false,
      description: `Diagram of a network: ${last.map(({ tap, testError }) => `${tap}, ${percent(testError, 1)}`).join("; ")}.`,
      spec: (size) => mapSpec(diagram, last, size),
    },
  ];
}

const CELL = 84; // px that a tap needs where taps run to the right

function mapSpec(diagram: Diagram, last: readonly TapError[], size: PanelSize): TopLevelSpec {
  const drawn = diagramSpec(diagram, size, CELL);
  if (!("layer" in drawn)) throw new Error("diagram: must be layers");
  const { nodes, box, guide, height } = layoutOf(diagram, { width: size.width, cell: CELL });
  const errors = new Map(last.map(({ tap, testError }) => [tap, testError]));
  const x = { field: "x", type: "quantitative" as const, axis: null, scale: { domain: [0, size.width], nice: false } };
  const y = {
    field: "y",
    type: "quantitative" as const,
    axis: null,
    scale: { domain: [0, height], nice: false, reverse: true },
  };
  const values = nodes.flatMap(({ node, x, y }) => {
    const testError = errors.get(node.name);
    if (testError === undefined) return [];
    const own = node.role === "guide" ? guide : box;
    const [halfWidth, halfHeight] = [own.width / 2, own.height / 2];
    const edges = { x: x - halfWidth, right: x + halfWidth, y: y - halfHeight, below: y + halfHeight };
    return [{ ...edges, tap: node.name, testError, percent: `${(100 * testError).toFixed(0)} %` }];
  });
  return {
    ...drawn,
    layer: [
      ...drawn.layer,
      {
        data: { values },
        mark: { type: "rect", color: color("series2"), cornerRadius: 4 },
        encoding: {
          x,
          x2: { field: "right" },
          y,
          y2: { field: "below" },
          opacity: {
            field: "testError",
            type: "quantitative",
            scale: { domain: [0, 0.9], range: [0, 0.6], clamp: true },
            legend: null,
          },
          tooltip: [{ field: "tap" }, { field: "testError", title: "test error", format: ".2%" }],
        },
      },
      {
        data: { values },
        mark: { type: "text", align: "right", dx: -2, dy: 8, fontSize: 10.5, color: color("ink") },
        encoding: { x: { ...x, field: "right" }, y: { ...y, field: "below" }, text: { field: "percent" } },
      },
    ],
  };
}

function table({ rows }: Result): Table {
  return {
    columns: [
      { key: "tap", title: "tap" },
      { key: "branch", title: "branch" },
      { key: "testError", title: "test error", format: percent },
      { key: "certified", title: "certified" },
    ],
    rows: lastOf(points(rows)),
  };
}
