/** @file The trained networks that experiments have left in the store, whatever version of the code trained them. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { inceptionCifar, type LayerGraph, type Parameters } from "@linear-probes/models";
import { z } from "zod";
import { parametersOf, stateOf } from "./parts/training-state.ts";
import { convnetGraph } from "./stages/convnet-training.ts";
import { architectureOf } from "./stages/deep-network.ts";
import { openStore } from "./store.ts";
import { decode, type Entry } from "./stored-value.ts";

export interface StoredCheckpoint {
  readonly id: string; // the beginning of its key
  readonly step: number;
  readonly stream: string; // path; its training drew from it
  readonly graph: LayerGraph;
  readonly parameters: Parameters;
}

const place = z.looseObject({ step: z.int(), stream: z.string() });
const network = z.object({ depth: z.int(), width: z.int(), auxEvery: z.int(), skipTo: z.int() });

const inceptionGraph = inceptionCifar.build();

/** How each kind of value is a network. */
const kinds: Readonly<Record<string, (entry: Entry, step: number) => Pick<StoredCheckpoint, "graph" | "parameters">>> =
  {
    "fig05-network": ({ arrays }, step) => ({ graph: convnetGraph, parameters: stateOf(step, arrays).parameters }),
    "deep-state": ({ facts, arrays }, step) => deep(facts["network"], stateOf(step, arrays).parameters),
    "deep-parameters": ({ facts, arrays }) => deep(facts["network"], parametersOf(arrays)),
    "inception-state": ({ arrays }, step) => ({ graph: inceptionGraph, parameters: stateOf(step, arrays).parameters }),
    "inception-parameters": ({ arrays }) => ({ graph: inceptionGraph, parameters: parametersOf(arrays) }),
  };

/** By kind, then step. Files that are broken or of another shape are passed over. */
export function storedCheckpoints(folder: string): readonly StoredCheckpoint[] {
  return openStore({ folder })
    .list()
    .flatMap(({ path, kind }): StoredCheckpoint[] => {
      const networkOf = kinds[kind];
      if (networkOf === undefined || !path.endsWith(".value")) return [];
      const entry = decode(readFileSync(path));
      const facts = "broken" in entry ? undefined : place.safeParse(entry.facts).data;
      if ("broken" in entry || facts === undefined) return [];
      const { step, stream } = facts;
      return [{ id: basename(path).slice(0, 12), step, stream, ...networkOf(entry, step) }];
    })
    .sort((a, b) => (a.stream === b.stream ? a.step - b.step : a.stream < b.stream ? -1 : 1));
}

function deep(facts: unknown, parameters: Parameters) {
  const settings = network.parse(facts);
  const inputs = (parameters.get("layer_1_preact/weights")?.length ?? 0) / settings.width;
  const classes = parameters.get("logits/bias")?.length ?? 0;
  return { graph: architectureOf(settings, inputs, classes).build(), parameters };
}
