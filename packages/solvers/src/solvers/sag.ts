/**
 * @file SAG, the stochastic average gradient (Schmidt, Le Roux & Bach 2013, algorithm 1): with G the sum of every row's
 * last gradient and m the rows seen so far,
 *
 *   G ← G - gᵢ(old) + gᵢ(θ),   θ ← θ - η (G/m + l2·W).
 *
 * Step size 1/(L + l2), L by the line search of their section 4.6: doubled while a row's loss falls short of what L
 * promises, and let down by 2^(-1/n) a step. The penalty is exact and kept out of the table.
 */
import type { Solver } from "@linear-probes/core";
import { emptyTable, tableEpoch, type TableState } from "../parts/gradient-table.ts";
import type { Sampling } from "../parts/stochastic.ts";
import { whitening } from "../parts/whitening.ts";

export interface SagSettings {
  readonly batch?: number; // rows a step
  readonly sampling?: Sampling;
  readonly whitened?: boolean; // parts/whitening.ts
}

const FIRST_SHARE = 1 / 16; // of the bound on L: the line search raises what is too low

export function sag({ batch = 1, sampling = "replacement", whitened = false }: SagSettings = {}): Solver<TableState> {
  return {
    name: "sag",
    source: "Schmidt, Le Roux & Bach (2013), algorithm 1 and section 4.6",
    settings: { batch, sampling, whitened },
    ...whitening(whitened),
    init(oracle, start, stream) {
      const table = emptyTable(oracle, start, stream);
      return { ...table, lipschitz: table.lipschitz * FIRST_SHARE };
    },
    step: (oracle, state) => tableEpoch(oracle, state, { method: "sag", batch, sampling, learningRate: undefined }),
  };
}
