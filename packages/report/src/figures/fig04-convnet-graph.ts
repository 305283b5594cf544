/** @file Figure 4 of Alain & Bengio (2016), the MNIST convnet with all its taps, drawn from the layer graphs themselves. */
import type { Result } from "@linear-probes/bench";
import { claims } from "../claims/fig04-convnet-graph.ts";
import { diagramSpec } from "../diagram/draw.ts";
import type { FigureDefinition, Panel, Table } from "../figure.ts";
import { diagramOf, layerRows, withGaps } from "../points/model-graphs.ts";

export const fig04ConvnetGraph: FigureDefinition = {
  id: "fig04-convnet-graph",
  label: "Figure 4",
  title: "The convnet of figure 5, and where it is probed",
  source: "model-graphs",
  replayLevel: "bitwise-anywhere",
  caption,
  panels,
  table,
  claims,
};

const drawn = [
  {
    id: "convnet",
    diagram: "fig04",
    title: "The convnet, with a probe at each of its taps",
    cell: { wide: 84, narrow: 70 },
  },
] as const;

function caption(): string {
  return (
    "TensorFlow’s convolutional network for MNIST, drawn from the very graph that is trained for figure 5: two " +
    "convolutions, each with a ReLU and a pooling, and two fully connected layers. Probes (blue) stand on both sides of " +
    "each convolution, activation and pooling; the diodes say that they do not touch the training. Dropout and flattening " +
    "are drawn into the arrows. Sizes are in the table."
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
