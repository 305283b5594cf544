/** @file What the paper says with figure 2 (Alain & Bengio 2016, section 3.1). */
import type { Claim } from "../claim.ts";
import { diagramOf } from "../points/model-graphs.ts";

export const claims: readonly Claim[] = [
  {
    id: "probe-at-every-layer",
    statement: "Every layer of the network, and its input, has a probe.",
    place: "caption of figure 2",
    provenance: "stated",
    rule: "every box on the way from the input to the classifier is tapped",
    tolerance: "None: the diagram is read off the graph.",
    judge: ({ rows }) => {
      const { nodes } = diagramOf(rows, "fig02");
      const missing = nodes.filter(({ tapped, name }) => !tapped && name !== "logits").map(({ name }) => name);
      const tapped = nodes.filter((node) => node.tapped).length;
      if (nodes.length === 0) return [];
      return [{ subject: "graph", holds: missing.length === 0 && tapped > 1, measured: `${tapped} probes` }];
    },
  },
];
