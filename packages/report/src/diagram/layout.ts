/**
 * @file Places for a network's layers, auxiliary classifiers and skips, found by dagre (Gansner et al. 1993): from left to
 * right where the width is enough for all layers, else from top to bottom. Beside every layer there is room for its probe:
 * above it where layers run to the right, to its right where they run down.
 */
import { Graph, type GraphLabel, layout, type NodeLabel, type EdgeLabel } from "@dagrejs/dagre";
import type { Diagram, GraphNode } from "../points/model-graphs.ts";

type Point = readonly [x: number, y: number];

export interface PlacedNode {
  readonly node: GraphNode;
  readonly x: number; // of the centre, px
  readonly y: number;
}

export interface Arrow {
  readonly kind: "next" | "skip" | "guide";
  readonly path: readonly Point[];
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly box: { readonly width: number; readonly height: number };
  readonly guide: { readonly width: number; readonly height: number };
  /** From the middle of a layer's edge towards its probe. */
  readonly towardsProbe: Point;
  readonly nodes: readonly PlacedNode[];
  readonly arrows: readonly Arrow[];
}

/** px from a layer's edge to the far side of its probe. */
export const PROBE_REACH = 54;

const WIDEST_BOX = 110; // px
const BOX_HEIGHT = 34;
const GUIDE = { width: 48, height: 22 };
const LEAST_GAP = 18; // between layers
const MARGIN = 6;

export interface LayoutOptions {
  readonly width: number;
  readonly cell: number; // px that a layer needs where layers run to the right
}

export function layoutOf({ nodes, edges }: Diagram, { width, cell }: LayoutOptions): Layout {
  const main = nodes.filter(({ role }) => role !== "guide");
  const across = main.length * cell + 2 * MARGIN <= width;
  const boxWidth = across ? Math.min(WIDEST_BOX, (width - 2 * MARGIN) / main.length - LEAST_GAP) : WIDEST_BOX;
  const box = { width: boxWidth, height: BOX_HEIGHT };
  const spread = (width - 2 * MARGIN - main.length * boxWidth) / Math.max(1, main.length - 1);
  const graph = new Graph<GraphLabel, NodeLabel, EdgeLabel>();
  graph.setGraph({
    rankdir: across ? "LR" : "TB",
    ranksep: across ? spread : LEAST_GAP,
    nodesep: 12,
    edgesep: 12,
    align: "UL", // the way through all layers stays straight, and what helps it stands beside
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { name, role } of nodes) graph.setNode(name, role === "guide" ? { ...GUIDE } : room(box, across));
  for (const [from, to] of edges) graph.setEdge(from, to);
  layout(graph);

  const order = new Map(main.map(({ name }, at) => [name, at]));
  const found = nodes.map((node) => {
    const { x = 0, y = 0 } = graph.node(node.name);
    return { node, x, y };
  });
  const places = new Map(found.map((place) => [place.node.name, place]));
  const arrows = edges.flatMap(([from, to]): Arrow[] => {
    const [a, b] = [places.get(from), places.get(to)];
    if (a === undefined || b === undefined) return [];
    return [{ kind: kindOf(order, from, to), path: pathOf(graph.edge(from, to).points ?? [], a, b, box, across) }];
  });
  const towardsProbe: Point = across ? [0, -1] : [1, 0];
  const drawn = boundsOf(found, arrows, box, towardsProbe);
  const right = (width - (drawn.right - drawn.left)) / 2 - drawn.left; // into the middle
  const down = MARGIN - drawn.top;
  return {
    width,
    height: drawn.bottom - drawn.top + 2 * MARGIN,
    box,
    guide: GUIDE,
    towardsProbe,
    nodes: found.map(({ node, x, y }) => ({ node, x: x + right, y: y + down })),
    arrows: arrows.map(({ kind, path }) => ({ kind, path: path.map(([x, y]): Point => [x + right, y + down]) })),
  };
}

function kindOf(order: ReadonlyMap<string, number>, from: string, to: string): Arrow["kind"] {
  const [a, b] = [order.get(from), order.get(to)];
  if (b === undefined) return "guide";
  return b === (a ?? 0) + 1 ? "next" : "skip";
}

/** The way that dagre found, from the one box to the other: where dagre lets it end at a layer's room, to the box itself. */
function pathOf(
  points: readonly { x: number; y: number }[],
  from: PlacedNode,
  to: PlacedNode,
  box: Layout["box"],
  across: boolean,
) {
  const ends = new Map([
    [0, from],
    [points.length - 1, to],
  ]);
  return points.map(({ x, y }, at): Point => {
    const end = ends.get(at);
    if (end === undefined) return [x, y];
    const { width, height } = end.node.role === "guide" ? GUIDE : box;
    const [halfWidth, halfHeight] = across ? [width / 2, height / 2 - CORNER] : [width / 2 - CORNER, height / 2];
    return [within(x, end.x, halfWidth), within(y, end.y, halfHeight)];
  });
}

const CORNER = 8; // px from a box's corner, where no arrow starts or ends

function within(value: number, centre: number, half: number): number {
  return Math.max(centre - half, Math.min(centre + half, value));
}

/** What is drawn on, without the room that stayed empty. */
function boundsOf(nodes: readonly PlacedNode[], arrows: readonly Arrow[], box: Layout["box"], [px, py]: Point) {
  const corners = nodes.flatMap(({ node, x, y }): Point[] => {
    const { width, height } = node.role === "guide" ? GUIDE : box;
    const reach = node.tapped ? PROBE_REACH : 0;
    return [
      [x - width / 2 + Math.min(0, px) * reach, y - height / 2 + Math.min(0, py) * reach],
      [x + width / 2 + Math.max(0, px) * reach, y + height / 2 + Math.max(0, py) * reach],
    ];
  });
  const all = [...corners, ...arrows.flatMap(({ path }) => path)];
  const [xs, ys] = [all.map(([x]) => x), all.map(([, y]) => y)];
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}

/** A layer with its probe; as much again on the other side, so that the layer stands in the middle of its room. */
function room(box: Layout["box"], across: boolean): NodeLabel {
  return across
    ? { width: box.width, height: box.height + 2 * PROBE_REACH }
    : { width: box.width + 2 * PROBE_REACH, height: box.height };
}
