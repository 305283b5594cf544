/**
 * @file The networks of figures 2, 4 and 6 as rows, read off the very layer graphs that are trained, so that a diagram
 * cannot show another network than the one that is probed.
 */
import { sha256 } from "@linear-probes/core";
import { deepMlp, mnistConvnet } from "@linear-probes/models";
import { z } from "zod";
import { defineExperiment } from "../experiment.ts";
import { canonicalJson } from "../json.ts";
import { rowSchema } from "../results.ts";
import { graphRows } from "../stages/graph-rows.ts";

type Settings = {
  readonly example: number; // layers of the network of figure 2
  readonly guided: { readonly depth: number; readonly auxEvery: number };
  readonly skipping: { readonly depth: number; readonly skipTo: number };
};

const settings: Settings = {
  example: 4,
  guided: { depth: 16, auxEvery: 4 }, // figure 6 (a)
  skipping: { depth: 128, skipTo: 64 }, // figure 6 (b)
};

const mlp = { width: 128, inputs: 784, classes: 10 };

// The graphs are made here, from the architectures: this very file is the stage.
const stages = { graphs: new URL(import.meta.url) };

export default defineExperiment<Settings, { readonly label: string; readonly weight: number }>({
  id: "model-graphs",
  title: "the networks that are probed, as graphs",
  source: "Alain & Bengio 2016, figures 2, 4 and 6",
  replayLevel: "bitwise-anywhere",
  parallelism: "tasks",
  profiles: { smoke: settings, quick: settings, paper: settings },
  stages,
  tasks: () => [{ label: "graphs", weight: 1 }],
  async run(_, { example, guided, skipping }, context) {
    const facts = { kind: "model-graphs", example, guided, skipping };
    const { json } = await context.remember([stages.graphs], facts, (meter) =>
      meter.phase("graphs", () => ({
        json: [
          ...graphRows("fig02", deepMlp({ ...mlp, depth: example }).build()),
          ...graphRows("fig04", mnistConvnet.build()),
          ...graphRows("fig06a", deepMlp({ ...mlp, ...guided }).build()),
          ...graphRows("fig06b", deepMlp({ ...mlp, ...skipping }).build()),
        ].map((row) => ({ ...row })),
      })),
    );
    const rows = z.array(rowSchema).parse(json);
    return { dataset: { name: "layer-graphs", sha256: sha256(canonicalJson(json)), synthetic: false }, rows };
  },
});
