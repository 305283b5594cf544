/**
 * @file Places for a network that is a chain with things above (probes) and below (auxiliary classifiers, skips): rank by
 * rank from left to right, folded into as many rows as the width asks for, which no general layout of graphs does.
 */
import type { Diagram, GraphNode } from "../points/model-graphs.ts";

export interface PlacedNode {
  readonly node: GraphNode;
  readonly x: number; // of the centre, px
  readonly y: number;
}

export interface Arrow {
  readonly kind: "next" | "skip" | "guide";
  readonly path: readonly (readonly [x: number, y: number])[];
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly box: { readonly width: number; readonly height: number };
  readonly nodes: readonly PlacedNode[];
  readonly arrows: readonly Arrow[];
}

const ABOVE = 58; // px for the probe over a box
const BOX_HEIGHT = 34;
const GUIDE = 40; // px for a guide under a box
const BETWEEN = 30; // px between rows
const MARGIN = 14; // px left and right, for arrows to the next row and skips

export interface LayoutOptions {
  readonly width: number;
  readonly cell: number; // least px per layer
}

export function layoutOf({ nodes, edges }: Diagram, { width, cell }: LayoutOptions): Layout {
  const main = nodes.filter(({ role }) => role !== "guide");
  const columns = Math.max(2, Math.min(main.length, Math.floor((width - 2 * MARGIN) / cell)));
  const rows = Math.ceil(main.length / columns);
  const pitch = (width - 2 * MARGIN) / columns;
  const box = { width: pitch - 18, height: BOX_HEIGHT };
  const below = nodes.length > main.length ? GUIDE : 0;
  const rowHeight = ABOVE + BOX_HEIGHT + below + BETWEEN;
  const placed = new Map(
    main.map((node, rank) => {
      const x = MARGIN + ((rank % columns) + 0.5) * pitch;
      return [node.name, { node, x, y: Math.floor(rank / columns) * rowHeight + ABOVE + BOX_HEIGHT / 2 }] as const;
    }),
  );
  const rank = new Map(main.map(({ name }, at) => [name, at]));
  const arrows: Arrow[] = [];
  for (const [from, to] of edges) {
    const [a, b] = [placed.get(from), placed.get(to)];
    if (a === undefined) continue;
    if (b === undefined) {
      const guide = nodes.find(({ name }) => name === to);
      if (guide !== undefined) placed.set(to, { node: guide, x: a.x, y: a.y + BOX_HEIGHT / 2 + GUIDE - 9 });
      arrows.push({ kind: "guide", path: down(a.x, a.y + BOX_HEIGHT / 2, GUIDE - 20) });
    } else if (rank.get(to) === (rank.get(from) ?? 0) + 1) {
      arrows.push({ kind: "next", path: a.y === b.y ? along(a, b, box.width) : ontoNextRow(a, b, box, width) });
    } else arrows.push({ kind: "skip", path: under(a, b) });
  }
  return { width, height: rows * rowHeight - BETWEEN + 18, box, nodes: [...placed.values()], arrows };
}

const down = (x: number, y: number, length: number) => [[x, y] as const, [x, y + length] as const];

function along(a: PlacedNode, b: PlacedNode, boxWidth: number): Arrow["path"] {
  return [
    [a.x + boxWidth / 2, a.y],
    [b.x - boxWidth / 2, b.y],
  ];
}

function ontoNextRow(a: PlacedNode, b: PlacedNode, box: Layout["box"], width: number): Arrow["path"] {
  const middle = b.y - BOX_HEIGHT / 2 - ABOVE - 4;
  return [
    [a.x + box.width / 2, a.y],
    [width - 3, a.y],
    [width - 3, middle],
    [3, middle],
    [3, b.y],
    [b.x - box.width / 2, b.y],
  ];
}

/** Under the rows, and along the left side where the rows differ. */
function under(a: PlacedNode, b: PlacedNode): Arrow["path"] {
  const [low, end] = [a.y + BOX_HEIGHT / 2 + 13, b.y + BOX_HEIGHT / 2 + 13];
  const start = [
    [a.x, a.y + BOX_HEIGHT / 2],
    [a.x, low],
  ] as const;
  const side =
    a.y === b.y
      ? []
      : ([
          [8, low],
          [8, end],
        ] as const);
  return [...start, ...side, [b.x, end], [b.x, b.y + BOX_HEIGHT / 2]];
}
