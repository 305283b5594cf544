/** @file What the paper says in section 2 (Alain & Bengio 2016), Proposition 1 and what follows from it. */
import type { Claim } from "../claim.ts";
import { significant } from "../format.ts";
import { type ChainLayer, chains, series } from "../points/sec2-entropy-chain.ts";

const rounding = 1e-12; // bits, of sums of a few hundred float64 terms

export const claims: readonly Claim[] = [
  {
    id: "proposition-1",
    statement: "Along a chain Y → A₁ → … → A_K the conditional entropy H(Y | A_k) never falls.",
    place: "section 2.2, Proposition 1 and equation 3",
    provenance: "stated",
    rule: "no layer of any enumerated chain has H(Y | A) more than 1e-12 bits below the layer before",
    tolerance: "1e-12 bits are the rounding of float64 sums; the laws are known in full, nothing is estimated.",
    judge: ({ rows }) =>
      series
        .filter(({ key }) => key !== "skip")
        .map(({ key, label }) => {
          const falls = fallsOf(chains(rows, key), ({ entropyBits }) => entropyBits);
          return {
            subject: label,
            holds: falls.greatest <= rounding,
            measured: `${falls.steps} steps, greatest fall ${significant(Math.max(0, falls.greatest))} bits`,
          };
        })
        .filter(({ measured }) => !measured.startsWith("0 ")),
  },
  {
    id: "direction",
    statement: "The order of equation 3 is the right way round: A₁, next to Y, leaves least doubt about Y.",
    place: "section 2.2, equation 3 and the graphical model above it",
    provenance: "stated",
    rule: "in every noisy chain H(Y | A₁) < H(Y | A_K) by at least 0.01 bits, so that the opposite order is false",
    tolerance:
      "0.01 bits are far above rounding. The order holds for the graph Y → A₁ → … → A_K as written, and for any graph " +
      "with the same independences; were the arrows to run from A_K to Y through A₁, it would be the same chain.",
    judge: ({ rows }) => {
      const rises = chains(rows, "noisy").map(
        (layers) => (layers.at(-1)?.entropyBits ?? 0) - (layers[0]?.entropyBits ?? 0),
      );
      if (rises.length === 0) return [];
      const least = Math.min(...rises);
      const measured = `${rises.length} chains, least rise from A₁ to A_K ${least.toFixed(3)} bits`;
      return [{ subject: "chain, every layer noisy", holds: least >= 0.01, measured }];
    },
  },
  {
    id: "entropy-misses-layers",
    statement: "Entropy fails to capture what layers are good for: probe errors may fall where the entropy does not.",
    place: "sections 2.2 and 3.1",
    provenance: "stated",
    rule: "in each family of chains some layer’s certified probe errs less than that of the layer before by at least 0.05, while H(Y | A) does not fall",
    tolerance: "0.05 is one state in twenty; errors are summed exactly, not sampled.",
    judge: ({ rows }) =>
      series
        .filter(({ key }) => key !== "skip")
        .flatMap(({ key, label }) => {
          const own = chains(rows, key);
          if (own.length === 0) return [];
          const gains = own.map((layers) => fallsOf([layers], ({ probeError }) => probeError).greatest);
          const some = gains.filter((gain) => gain >= 0.05).length;
          const measured = `${some} of ${own.length} chains, greatest fall of the error ${Math.max(...gains).toFixed(3)}`;
          return [{ subject: label, holds: some > 0, measured }];
        }),
  },
  {
    id: "skip-is-no-chain",
    statement: "Proposition 1 “can be applied directly to an MLP”; with a skip connection, layer by layer, it cannot.",
    place: "section 2.2; the networks with skip connections are those of section 3.4",
    provenance: "not in the paper",
    rule: "in every network with a skip from layer 1, H(Y | A) falls at the layer that the skip enters by at least 0.01 bits",
    tolerance: "0.01 bits are far above rounding. The layer depends on two earlier ones, so the layers are no chain.",
    judge: ({ rows }) => {
      const own = chains(rows, "skip");
      if (own.length === 0) return [];
      const falls = own.map((layers) => fallsOf([layers], ({ entropyBits }) => entropyBits).greatest);
      const least = Math.min(...falls);
      const measured = `${own.length} networks, the entropy falls by ${least.toFixed(3)} bits or more`;
      return [{ subject: "no chain: skip from layer 1", holds: least >= 0.01, measured }];
    },
  },
];

/** The greatest fall of a value from one layer to the next. */
function fallsOf(all: readonly (readonly ChainLayer[])[], value: (layer: ChainLayer) => number) {
  const falls = all.flatMap((layers) =>
    layers.slice(1).map((layer, i) => {
      const before = layers[i];
      return before === undefined ? Number.NaN : value(before) - value(layer);
    }),
  );
  return { steps: falls.length, greatest: Math.max(...falls) };
}
