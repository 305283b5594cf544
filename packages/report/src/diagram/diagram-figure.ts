/** @file What figures 2, 4 and 6 share: diagrams of networks, drawn from the layer graphs themselves. */
import type { Result } from "@linear-probes/bench";
import type { FigureDefinition, Panel, Table } from "../figure.ts";
import { diagramOf, layerRows, withGaps } from "../points/model-graphs.ts";
import { diagramSpec } from "./draw.ts";

interface Drawing {
  readonly id: string;
  readonly diagram: string; // in the rows
  readonly title: string;
  readonly cell: number; // px that a layer needs where layers run to the right
}

type Diagrams = Pick<FigureDefinition, "id" | "label" | "title" | "claims"> & {
  readonly drawn: readonly Drawing[];
  readonly caption: string;
};

export function diagramFigure({ drawn, caption, ...facts }: Diagrams): FigureDefinition {
  return {
    ...facts,
    source: "model-graphs",
    replayLevel: "bitwise-anywhere",
    caption: () => caption,
    panels: (result) => panelsOf(drawn, result),
    table: (result) => tableOf(drawn, result),
  };
}

function panelsOf(drawn: readonly Drawing[], { rows }: Result): readonly Panel[] {
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
      description: `Diagram of a network, from its input to its answer: ${list}.`,
      spec: (size) => diagramSpec(graph, size, cell),
    };
  });
}

function tableOf(drawn: readonly Drawing[], { rows }: Result): Table {
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
