/** @file Figure 6 of Alain & Bengio (2016), a network with auxiliary classifiers and one with a skip connection, drawn from the layer graphs themselves. */
import type { Result } from "@linear-probes/bench";
import { claims } from "../claims/fig06-helped-networks.ts";
import { diagramSpec } from "../diagram/draw.ts";
import type { FigureDefinition, Panel, Table } from "../figure.ts";
import { diagramOf, layerRows, withGaps } from "../points/model-graphs.ts";

export const fig06HelpedNetworks: FigureDefinition = {
  id: "fig06-helped-networks",
  label: "Figure 6",
  title: "Two ways to help a deep network",
  source: "model-graphs",
  replayLevel: "bitwise-anywhere",
  caption,
  panels,
  table,
  claims,
};

const drawn = [
  { id: "guides", diagram: "fig06a", title: "(a) 16 layers, a guide at every 4", cell: { wide: 56, narrow: 56 } },
  {
    id: "skip",
    diagram: "fig06b",
    title: "(b) 128 layers, a skip from the input to the middle",
    cell: { wide: 62, narrow: 62 },
  },
] as const;

function caption(): string {
  return (
    "Probes (blue) above, helpers (orange) below, as in the paper. (a) The network of figure 7 in small: auxiliary " +
    "classifiers, called guides, whose losses are added to the model’s. (b) The network of figure 8: layer 64 reads the " +
    "input besides layer 63. Long stretches of equal layers are drawn as dots; every layer has its probe. Both are drawn " +
    "from graphs made by the function that makes the trained ones."
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
