/**
 * @file Section 2: Proposition 1, H(Y | A₁) ≤ … ≤ H(Y | A_K) along a chain Y → A₁ → … → A_K, checked by enumeration on
 * discrete chains, beside the errors of probes on the same chains; and on networks with a skip connection, whose layers
 * are no such chain and which the proposition does not cover.
 */
import { type Row, sha256 } from "@linear-probes/core";
import { z } from "zod";
import { defineExperiment } from "../experiment.ts";
import { rowSchema } from "../results.ts";
import { chainProbe, type ChainProbeSettings } from "../stages/chain-probes.ts";
import { type ChainSettings, drawChain, families, type Family } from "../stages/markov-chains.ts";

type Settings = {
  readonly chains: number; // of each family
  readonly chain: ChainSettings;
  readonly probe: ChainProbeSettings;
};

const full = {
  chain: { bits: 4, layers: 9, noise: 0.08 },
  probe: { rows: 4096, l2: 1e-5, relativeGap: 1e-5, passes: 400 },
};

const stages = {
  kernels: new URL("../stages/kernels.ts", import.meta.url),
  probes: new URL("../stages/chain-probes.ts", import.meta.url),
};

interface Task {
  readonly label: string;
  readonly weight: number;
  readonly family: Family;
}

export default defineExperiment<Settings, Task>({
  id: "sec2-entropy-chain",
  title: "entropy along discrete chains",
  source: "Alain & Bengio 2016, section 2",
  replayLevel: "bitwise-anywhere",
  parallelism: "tasks",
  profiles: {
    smoke: { ...full, chains: 5 },
    quick: { ...full, chains: 40 },
    paper: { ...full, chains: 200 },
  },
  stages,
  tasks: () => families.map((family) => ({ label: `${family} chains`, weight: 1, family })),
  async run({ family }, { chains, chain, probe }, context) {
    const { runtime, stream, stop } = context;
    const facts = { kind: "sec2-chains", family, chains, chain, probe, stream: stream.path };
    const { json } = await context.remember([stages.kernels, stages.probes], facts, async (meter) => {
      const rows: Row[] = [];
      await meter.phase("probes", () => {
        for (let number = 0; number < chains; number++) {
          const own = stream.split(family).split(`chain-${number}`);
          for (const [at, joint] of drawChain(family, chain, own).entries()) {
            stop.check();
            const cells = chainProbe(runtime, joint, chain.bits, own.split("probe"), probe);
            rows.push({ family, chain: number, layer: at + 1, ...cells });
          }
        }
      });
      return { json: rows };
    });
    const rows = z.array(rowSchema).parse(json);
    const identity = sha256(JSON.stringify([stream.path, family, chains, chain]));
    return { dataset: { name: "discrete-chains", sha256: identity, synthetic: false }, rows };
  },
});
