/**
 * @file SAGA (Defazio, Bach & Lacoste-Julien 2014, equation 7): SAG's table with an unbiased step,
 *
 *   θ ← θ - η (gᵢ(θ) - gᵢ(old) + G/m + l2·W).
 *
 * Step size 1/(L + l2) with L by SAG's line search, as for sag; with few rows, where that search lets L down too fast for
 * SAGA's noisier step, 1/(3(L + l2)) (their section 2) with L a bound on the smoothness of one row's loss.
 */
import type { Solver } from "@linear-probes/core";
import { emptyTable, tableEpoch, type TableState } from "../parts/gradient-table.ts";
import type { Sampling } from "../parts/stochastic.ts";
import { whitening } from "../parts/whitening.ts";

export interface SagaSettings {
  readonly batch?: number; // rows a step
  readonly sampling?: Sampling;
  readonly whitened?: boolean; // parts/whitening.ts
}

const FEWEST_ROWS_TO_SEARCH = 100;

export function saga({ batch = 1, sampling = "permutation", whitened = false }: SagaSettings = {}): Solver<TableState> {
  return {
    name: "saga",
    source: "Defazio, Bach & Lacoste-Julien (2014), equation 7",
    settings: { batch, sampling, whitened },
    ...whitening(whitened),
    init: emptyTable,
    step(oracle, state) {
      const learningRate =
        oracle.rows < FEWEST_ROWS_TO_SEARCH
          ? 1 / (3 * (state.lipschitz + oracle.l2 * Math.max(...oracle.metric)))
          : undefined;
      return tableEpoch(oracle, state, { method: "saga", batch, sampling, learningRate });
    },
  };
}
