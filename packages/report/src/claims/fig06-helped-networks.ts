/** @file What the paper says with figure 6 (Alain & Bengio 2016, section 3.4). */
import type { Claim } from "../claim.ts";
import { diagramOf } from "../points/model-graphs.ts";

export const claims: readonly Claim[] = [
  {
    id: "guides",
    statement: "(a) One guide stands at every 4 of 16 layers.",
    place: "caption of figure 6",
    provenance: "stated",
    rule: "auxiliary classifiers read layers 4, 8 and 12, and the model’s own classifier layer 16",
    tolerance: "None: the diagram is read off the graph.",
    judge: ({ rows }) => {
      const { nodes, edges } = diagramOf(rows, "fig06a");
      const guides = new Set(nodes.filter(({ role }) => role === "guide").map(({ name }) => name));
      const read = edges.filter(([, to]) => guides.has(to) || to === "logits").map(([from]) => from);
      if (read.length === 0) return [];
      const holds = read.toSorted(byNumber).join() === "layer_4,layer_8,layer_12,layer_16";
      return [{ subject: "graph", holds, measured: `classifiers read ${read.toSorted(byNumber).join(", ")}` }];
    },
  },
  {
    id: "skip",
    statement: "(b) A skip connection goes from the beginning straight to the middle of 128 layers.",
    place: "caption of figure 6",
    provenance: "stated",
    rule: "layer 64 reads layers 0 and 63, every other layer only the one before",
    tolerance: "None: the diagram is read off the graph.",
    judge: ({ rows }) => {
      const { edges } = diagramOf(rows, "fig06b");
      if (edges.length === 0) return [];
      const number = (name: string): number => Number(name.replace("layer_", ""));
      const skips = edges.filter(([from, to]) => to !== "logits" && number(to) !== number(from) + 1);
      const list = skips.map((edge) => edge.join(" → ")).join(", ");
      return [{ subject: "graph", holds: list === "layer_0 → layer_64", measured: `arrows that skip: ${list}` }];
    },
  },
];

const byNumber = (a: string, b: string): number => Number(a.replace("layer_", "")) - Number(b.replace("layer_", ""));
