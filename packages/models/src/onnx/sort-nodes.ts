/** @file Depth order: a stable topological sort (Kahn 1962). A cycle is refused by the name of a node in it. */
import { reject } from "@linear-probes/core";
import { describeNode } from "./printable.ts";

/** What ordering needs of a node. */
export interface SortableNode {
  readonly name: string;
  readonly opType: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
}

export interface SortedNode<N> {
  readonly node: N;
  readonly captured: readonly string[];
}

/** Orders nodes so that each comes after what it reads; nodes already in order keep it. */
export function sortNodes<N extends SortableNode>(
  model: string,
  nodes: readonly N[],
  captured: ReadonlyMap<N, readonly string[]>,
  given: ReadonlySet<string>,
): SortedNode<N>[] {
  const known = new Set(given).add("");
  const waiting = new Map<string, number[]>(); // tensor → nodes that lack it
  const missing = new Int32Array(nodes.length);
  const reads = nodes.map((node) => [...new Set([...node.input, ...(captured.get(node) ?? [])])]);
  const sorted: SortedNode<N>[] = [];
  const place = (first: number): void => {
    const ready = [first];
    for (let i = ready.pop(); i !== undefined; i = ready.pop()) {
      const node = nodes[i];
      if (!node) continue;
      sorted.push({ node, captured: captured.get(node) ?? [] });
      for (const output of node.output) {
        known.add(output);
        for (const reader of waiting.get(output) ?? []) {
          missing[reader] = (missing[reader] ?? 0) - 1;
          if (missing[reader] === 0) ready.push(reader);
        }
        waiting.delete(output);
      }
    }
  };
  for (const [i, names] of reads.entries()) {
    const lacking = names.filter((name) => !known.has(name));
    missing[i] = lacking.length;
    for (const name of lacking) {
      const readers = waiting.get(name);
      if (readers) readers.push(i);
      else waiting.set(name, [i]);
    }
    if (lacking.length === 0) place(i);
  }
  const stuck = nodes.find((_, i) => (missing[i] ?? 0) > 0);
  if (stuck)
    reject(
      `${model}: graph.node`,
      "the graph must have no cycle",
      describeNode(stuck),
      "the named node waits for its own output",
    );
  return sorted;
}
