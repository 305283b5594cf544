/**
 * @file A placed network as Vega-Lite: boxes, arrows, and beside every tapped layer a probe behind a diode, the paper's sign
 * that no gradient comes back through it.
 */
import type { TopLevelSpec } from "vega-lite";
import type { PanelSize } from "../figure.ts";
import type { Diagram } from "../points/model-graphs.ts";
import { color, type ColorName } from "../theme.ts";
import { type Arrow, layoutOf, type PlacedNode, PROBE_REACH } from "./layout.ts";

/** `cell` is how many px a layer needs where layers run to the right. */
export function diagramSpec(diagram: Diagram, { width }: PanelSize, cell: number): TopLevelSpec {
  const placed = layoutOf(diagram, { width, cell });
  const { box, guide, height, towardsProbe } = placed;
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
  const [right, down] = towardsProbe;
  const edge = (Math.abs(right) * box.width + Math.abs(down) * box.height) / 2;
  /** A point so far from a layer's edge on the way to its probe, and so far beside that way. */
  const away = ({ x, y }: PlacedNode, distance: number, beside = 0) => ({
    x: x + right * (edge + distance) - down * beside,
    y: y + down * (edge + distance) + right * beside,
  });

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
  const heads = (arrows: readonly Arrow[], name: ColorName) => ({
    data: { values: arrows.map(({ path }) => headOf(path)) },
    mark: { type: "point" as const, shape: "triangle-right", size: 36, filled: true, opacity: 1, color: color(name) },
    encoding: { x, y, angle: { field: "angle", type: "quantitative" as const, scale: null } },
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

  const bars = (nodes: readonly PlacedNode[], distance: number) => ({
    data: {
      values: nodes.map((node) => {
        const [from, to] = [away(node, distance, -6), away(node, distance, 6)];
        return { x: from.x, y: from.y, x2: to.x, y2: to.y };
      }),
    },
    mark: { type: "rule" as const, strokeWidth: 2, color: color("ink") },
    encoding: { x, x2: { field: "x2" }, y, y2: { field: "y2" } },
  });

  const of = (kind: Arrow["kind"]) => placed.arrows.filter((arrow) => arrow.kind === kind);
  const probeArrows: Arrow[] = tapped.map((node) => {
    const [from, to] = [away(node, 0), away(node, PROBE_REACH - 14)];
    return {
      kind: "next",
      path: [
        [from.x, from.y],
        [to.x, to.y],
      ],
    };
  });
  const helpers = [...of("skip"), ...of("guide")];
  return {
    width,
    height,
    padding: 0,
    autosize: "none",
    layer: [
      line([...of("next"), ...probeArrows], "soft"),
      ...(helpers.length === 0 ? [] : [line(helpers, "series2"), heads(helpers, "series2")]),
      heads(of("next"), "soft"),
      // The diode: a triangle in the direction that stays open, and the bar that nothing passes backwards.
      points(
        tapped.map((node) => away(node, 16)),
        right === 1 ? "triangle-right" : "triangle-up",
        90,
        "ink",
      ),
      bars(tapped, 22),
      points(
        tapped.map((node) => away(node, PROBE_REACH - 8)),
        "circle",
        150,
        "series1",
      ),
      rects(boxes, box.width / 2, box.height / 2, "ink"),
      ...(guides.length === 0
        ? []
        : [rects(guides, guide.width / 2, guide.height / 2, "series2"), text(guides.map(labelled), 10.5, "ink")]),
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
              gaps.map((node) => ({ ...away(node, PROBE_REACH - 8), text: "⋯" })),
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

/** The tip of an arrow, and which way it points, degrees clockwise from the right. */
function headOf(path: Arrow["path"]): { x: number; y: number; angle: number } {
  const [x, y] = path.at(-1) ?? [0, 0];
  const [fromX, fromY] = path.at(-2) ?? [x, y];
  const radians = Math.atan2(y - fromY, x - fromX);
  return { x: x - 3 * Math.cos(radians), y: y - 3 * Math.sin(radians), angle: Math.round((180 * radians) / Math.PI) };
}
