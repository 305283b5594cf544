/**
 * @file A placed network as Vega-Lite: boxes, arrows, and over every tapped layer a probe behind a diode, the paper's sign
 * that no gradient comes back through it.
 */
import type { TopLevelSpec } from "vega-lite";
import type { PanelSize } from "../figure.ts";
import type { Diagram } from "../points/model-graphs.ts";
import { color, type ColorName } from "../theme.ts";
import { type Arrow, layoutOf, type PlacedNode } from "./layout.ts";

export interface DrawOptions {
  readonly cell: { readonly wide: number; readonly narrow: number }; // least px per layer
}

export function diagramSpec(diagram: Diagram, { width, narrow }: PanelSize, { cell }: DrawOptions): TopLevelSpec {
  const placed = layoutOf(diagram, { width, cell: narrow ? cell.narrow : cell.wide });
  const { box, height } = placed;
  const x = { field: "x", type: "quantitative" as const, axis: null, scale: { domain: [0, width], nice: false } };
  const y = {
    field: "y",
    type: "quantitative" as const,
    axis: null,
    scale: { domain: [0, height], nice: false, reverse: true },
  };
  const boxes = placed.nodes.filter(({ node }) => node.role === "main");
  const guides = placed.nodes.filter(({ node }) => node.role === "guide");
  const gaps = placed.nodes.filter(({ node }) => node.role === "gap");
  const tapped = boxes.filter(({ node }) => node.tapped);
  const top = -box.height / 2;

  const line = (arrows: readonly Arrow[], name: ColorName) => ({
    data: { values: arrows.flatMap(({ path }, arrow) => path.map(([px, py], i) => ({ arrow, i, x: px, y: py }))) },
    mark: { type: "line" as const, strokeWidth: 1.25, color: color(name) },
    encoding: {
      x,
      y,
      detail: { field: "arrow", type: "nominal" as const },
      order: { field: "i", type: "quantitative" as const },
    },
  });
  const points = (values: readonly { x: number; y: number }[], shape: string, size: number, name: ColorName) => ({
    data: { values: [...values] },
    mark: { type: "point" as const, shape, size, filled: true, opacity: 1, color: color(name) },
    encoding: { x, y },
  });
  const heads = (arrows: readonly Arrow[], name: ColorName) =>
    (["right", "up", "down"] as const).flatMap((way) => {
      const own = arrows.filter((arrow) => directionOf(arrow) === way);
      if (own.length === 0) return [];
      const shift = { right: [-3, 0], up: [0, 3], down: [0, -3] }[way];
      return [
        points(
          own.map(({ path }) => tip(path, shift)),
          `triangle-${way}`,
          36,
          name,
        ),
      ];
    });
  const rects = (nodes: readonly PlacedNode[], halfWidth: number, halfHeight: number, name: ColorName) => ({
    data: {
      values: nodes.map((node) => ({
        x: node.x - halfWidth,
        right: node.x + halfWidth,
        y: node.y - halfHeight,
        below: node.y + halfHeight,
        name: node.node.name,
        operation: node.node.operation,
        shape: node.node.shape,
      })),
    },
    mark: { type: "rect" as const, fill: color("raised"), stroke: color(name), strokeWidth: 1.25, cornerRadius: 4 },
    encoding: {
      x,
      x2: { field: "right" },
      y,
      y2: { field: "below" },
      tooltip: [{ field: "name", title: "layer" }, { field: "operation" }, { field: "shape" }],
    },
  });
  const text = (values: readonly { x: number; y: number; text: string }[], size: number, name: ColorName) => ({
    data: { values: [...values] },
    mark: { type: "text" as const, fontSize: size, color: color(name), baseline: "middle" as const },
    encoding: { x, y, text: { field: "text" } },
  });

  const bars = (values: readonly { x: number; right: number; y: number }[]) => ({
    data: { values: [...values] },
    mark: { type: "rule" as const, strokeWidth: 2, color: color("ink") },
    encoding: { x, x2: { field: "right" }, y },
  });

  const of = (kind: Arrow["kind"]) => placed.arrows.filter((arrow) => arrow.kind === kind);
  const probeArrows: Arrow[] = tapped.map((node) => ({
    kind: "next",
    path: [
      [node.x, node.y + top],
      [node.x, node.y + top - 36],
    ],
  }));
  const helpers = [...of("skip"), ...of("guide")];
  return {
    width,
    height,
    padding: 0,
    autosize: "none",
    layer: [
      line([...of("next"), ...probeArrows], "soft"),
      ...(helpers.length === 0 ? [] : [line(helpers, "series2"), ...heads(helpers, "series2")]),
      ...heads(of("next"), "soft"),
      // The diode: a triangle in the direction that stays open, and the bar that nothing passes backwards.
      points(
        tapped.map((node) => ({ x: node.x, y: node.y + top - 16 })),
        "triangle-up",
        90,
        "ink",
      ),
      bars(tapped.map((node) => ({ x: node.x - 6, right: node.x + 6, y: node.y + top - 21 }))),
      points(
        tapped.map((node) => ({ x: node.x, y: node.y + top - 43 })),
        "circle",
        150,
        "series1",
      ),
      rects(boxes, box.width / 2, box.height / 2, "ink"),
      ...(guides.length === 0 ? [] : [rects(guides, 20, 9, "series2"), text(guides.map(labelled), 10.5, "ink")]),
      ...labels(boxes).map((values) => text(values, 11, "ink")),
      ...(gaps.length === 0
        ? []
        : [
            text(
              gaps.map(({ x, y }) => ({ x, y: y - 6, text: "⋯" })),
              18,
              "soft",
            ),
            text(
              gaps.map(({ x, y, node }) => ({ x, y: y + 10, text: node.label })),
              10.5,
              "soft",
            ),
            text(
              gaps.map(({ x, y }) => ({ x, y: y + top - 43, text: "⋯" })),
              18,
              "series1",
            ),
          ]),
    ],
  };
}

const labelled = ({ x, y, node }: PlacedNode) => ({ x, y, text: node.label });

/** Names of two parts go on two lines. */
function labels(nodes: readonly PlacedNode[]) {
  const lines = nodes.map(({ x, y, node }) => {
    const [first = "", ...rest] = node.label.split("_");
    return { x, y, first, second: rest.join(" ") };
  });
  const upper = lines.map(({ x, y, first, second }) => ({ x, y: second === "" ? y : y - 6.5, text: first }));
  const lower = lines
    .filter(({ second }) => second !== "")
    .map(({ x, y, second }) => ({ x, y: y + 6.5, text: second }));
  return lower.length === 0 ? [upper] : [upper, lower];
}

function directionOf({ path }: Arrow): "right" | "up" | "down" {
  const [before, last] = [path.at(-2), path.at(-1)];
  if (before === undefined || last === undefined || before[1] === last[1]) return "right";
  return last[1] < before[1] ? "up" : "down";
}

function tip(path: Arrow["path"], shift: readonly number[]): { x: number; y: number } {
  const [x, y] = path.at(-1) ?? [0, 0];
  return { x: x + (shift[0] ?? 0), y: y + (shift[1] ?? 0) };
}
