/**
 * @file Diagrams from the rows of layer graphs: the layers that are probed or classify, and who reads whom once the others
 * (dropout, flattening, concatenation, what comes before an activation) are drawn into the arrows.
 */
import type { Row } from "@linear-probes/core";
import { flagCell, numberCell, textCell } from "../cells.ts";

export interface GraphNode {
  readonly name: string;
  readonly operation: string;
  readonly shape: string; // of its output
  readonly tapped: boolean;
  /** `main`: on the way to the model's answer. `guide`: an auxiliary classifier. `gap`: stands for several layers. */
  readonly role: "main" | "guide" | "gap";
  readonly label: string;
}

export interface Diagram {
  readonly nodes: readonly GraphNode[]; // in evaluation order
  readonly edges: readonly (readonly [from: string, to: string])[];
}

/** The layers of a graph as they are, for the table. */
export function layerRows(rows: readonly Row[], diagrams: readonly string[]): readonly Row[] {
  return rows.filter((row) => row["kind"] === "layer" && diagrams.includes(textCell(row, "diagram")));
}

export function diagramOf(rows: readonly Row[], name: string): Diagram {
  const own = rows.filter((row) => row["diagram"] === name);
  const layers = own
    .filter((row) => row["kind"] === "layer")
    .toSorted((a, b) => numberCell(a, "order") - numberCell(b, "order"));
  const heads = new Map(own.filter((row) => row["kind"] === "head").map((row) => [textCell(row, "logits"), row]));
  const inputs = Map.groupBy(
    own.filter((row) => row["kind"] === "edge"),
    (row) => textCell(row, "to"),
  );
  const nodes = layers.flatMap((row): GraphNode[] => {
    const layer = textCell(row, "name");
    const head = heads.get(layer);
    const tapped = flagCell(row, "tapped");
    if (!tapped && head === undefined) return [];
    const guide = head !== undefined && flagCell(head, "auxiliary");
    const cells = { name: layer, operation: textCell(row, "operation"), shape: textCell(row, "shape"), tapped };
    return [{ ...cells, role: guide ? "guide" : "main", label: guide ? "guide" : layer.replace(/^layer_/, "") }];
  });
  const visible = new Set(nodes.map((node) => node.name));
  const sources = (layer: string): readonly string[] =>
    (inputs.get(layer) ?? []).flatMap((row) => {
      const from = textCell(row, "from");
      return visible.has(from) ? [from] : sources(from);
    });
  return { nodes, edges: nodes.flatMap(({ name }) => sources(name).map((from) => [from, name] as const)) };
}

const KEPT_AT_ENDS = 3;
const SHORTEST_GAP = 20;

/** Draws long stretches of layers that are all alike as one gap, keeping the ends and what stands near anything special. */
export function withGaps({ nodes, edges }: Diagram): Diagram {
  const main = nodes.filter(({ role }) => role === "main");
  const place = new Map(main.map(({ name }, at) => [name, at]));
  const special = new Set<number>();
  for (const [from, to] of edges) {
    const [a, b] = [place.get(from) ?? 0, place.get(to)];
    if (b === undefined) special.add(a); // a guide's layer
    else if (b !== a + 1) [a, b - 1, b, b + 1].forEach((at) => special.add(at));
  }
  const kept = (at: number): boolean => at < KEPT_AT_ENDS || at >= main.length - KEPT_AT_ENDS || special.has(at);
  const runs: GraphNode[][] = [];
  for (const [at, node] of main.entries()) {
    const last = runs.at(-1);
    const before = main[at - 1];
    if (!kept(at) && last !== undefined && before !== undefined && !kept(at - 1)) last.push(node);
    else runs.push([node]);
  }
  const gapOf = new Map<string, GraphNode>();
  const shown = runs.flatMap((run) => {
    const [first, last] = [run[0], run.at(-1)];
    if (run.length < SHORTEST_GAP || first === undefined || last === undefined) return run;
    const gap: GraphNode = { ...first, name: `${first.name}…`, role: "gap", label: `${first.label}–${last.label}` };
    for (const node of run) gapOf.set(node.name, gap);
    return [gap];
  });
  const guides = nodes.filter(({ role }) => role === "guide");
  const named = (name: string): string => gapOf.get(name)?.name ?? name;
  const all = edges.map(([from, to]) => [named(from), named(to)] as const).filter(([from, to]) => from !== to);
  return { nodes: [...shown, ...guides], edges: [...new Map(all.map((edge) => [edge.join("→"), edge])).values()] };
}
