/** @file Figure 2 of Alain & Bengio (2016), probes on every layer of a network, drawn from the layer graphs themselves. */
import type { Result } from "@linear-probes/bench";
import { claims } from "../claims/fig02-probes.ts";
import { diagramSpec } from "../diagram/draw.ts";
import type { FigureDefinition, Panel, Table } from "../figure.ts";
import { diagramOf, layerRows, withGaps } from "../points/model-graphs.ts";

export const fig02Probes: FigureDefinition = {
  id: "fig02-probes",
  label: "Figure 2",
  title: "Probes look on and leave no trace",
  source: "model-graphs",
  replayLevel: "bitwise-anywhere",
  caption,
  panels,
  table,
  claims,
};

const drawn = [
  { id: "network", diagram: "fig02", title: "A network with a probe at every layer", cell: { wide: 100, narrow: 56 } },
] as const;

function caption(): string {
  return (
    "A network of a few layers with a probe (blue) at the input and at every layer. The diode on each probe’s arrow is " +
    "the paper’s sign that no gradient passes back: training with and without probes gives the same weights, bit for bit, " +
    "which the tests of this project check. Boxes are the outputs of layers; what a layer does besides, such as its matrix " +
    "product, is drawn into the arrow."
  );
}

function panels({ rows }: Result): readonly Panel[] {
  return drawn.map(({ id, diagram, title, cell }) => {
    const graph = withGaps(diagramOf(rows, diagram));
    const list = graph.nodes
      .map(({ label, role }) => (role === "guide" ? "an auxiliary classifier" : label))
      .join(", ");
    return {
      id,
      title,
      share: 1 / drawn.length,
      probes: false,
      description: `Diagram of a network, from left to right: ${list}.`,
      spec: (size) => diagramSpec(graph, size, { cell }),
    };
  });
}

function table({ rows }: Result): Table {
  return {
    columns: [
      { key: "diagram", title: "diagram" },
      { key: "order", title: "order" },
      { key: "name", title: "layer" },
      { key: "operation", title: "operation" },
      { key: "shape", title: "shape of its output" },
      { key: "tapped", title: "probed" },
    ],
    rows: layerRows(
      rows,
      drawn.map(({ diagram }) => diagram),
    ),
  };
}
