/** @file What the paper says with figure 4 (Alain & Bengio 2016, section 3.3). */
import type { Claim } from "../claim.ts";
import { diagramOf } from "../points/model-graphs.ts";

/** In the paper's order (figure 5's axis). */
const taps =
  "input conv1_preact conv1_postact conv1_postpool conv2_preact conv2_postact conv2_postpool fc1_preact fc1_postact logits".split(
    " ",
  );

export const claims: readonly Claim[] = [
  {
    id: "both-sides",
    statement: "Probes stand on each side of each convolution, activation function and pooling function.",
    place: "caption of figure 4",
    provenance: "stated",
    rule: `the tapped layers are, in order, ${taps.join(", ")}, and each reads the one before`,
    tolerance: "None: the diagram is read off the graph.",
    judge: ({ rows }) => {
      const { nodes, edges } = diagramOf(rows, "fig04");
      if (nodes.length === 0) return [];
      const names = nodes.filter(({ tapped }) => tapped).map(({ name }) => name);
      const chain = edges.map((edge) => edge.join("→"));
      const wanted = taps.slice(1).map((to, i) => `${taps[i]}→${to}`);
      const holds = names.join() === taps.join() && chain.toSorted().join() === wanted.toSorted().join();
      return [{ subject: "graph", holds, measured: `${names.length} probes on a chain of ${chain.length} arrows` }];
    },
  },
];
