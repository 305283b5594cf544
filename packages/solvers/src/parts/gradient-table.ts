/**
 * @file The memory of SAG and SAGA: each row's last residual Rᵢ = pᵢ - yᵢ (its gradient is Rᵢ ⊗ x̃ᵢ, so k numbers a row are
 * enough) and their running sum G = Σ Rᵢ ⊗ x̃ᵢ. One step is one epoch in the kernels.
 */
import type { Iterate, Oracle, Stream } from "@linear-probes/core";
import { epochOrder, penalty, rowLipschitz, withPenalty, type Sampling } from "./stochastic.ts";

export interface TableState extends Iterate {
  readonly residuals: Float64Array; // R [n, k]
  readonly sums: Float64Array; // G [k·d + k]
  readonly seen: Uint8Array; // [n]
  readonly lipschitz: number; // L of one row
  readonly epoch: number;
  readonly stream: Stream;
}

export interface TableEpoch {
  readonly method: "sag" | "saga";
  readonly batch: number;
  readonly sampling: Sampling;
  /** η; undefined lets the kernel search L along the way. */
  readonly learningRate: number | undefined;
}

export function emptyTable(oracle: Oracle, start: Float64Array, stream: Stream): TableState {
  return {
    theta: start,
    residuals: new Float64Array(oracle.rows * oracle.classes),
    sums: new Float64Array(oracle.dimension),
    seen: new Uint8Array(oracle.rows),
    lipschitz: rowLipschitz(oracle),
    epoch: 0,
    stream,
  };
}

export function tableEpoch(oracle: Oracle, state: TableState, { method, batch, sampling, learningRate }: TableEpoch) {
  const { residuals, sums, seen, epoch, stream } = state;
  const theta = state.theta.slice();
  const search = { lipschitz: state.lipschitz };
  const loss = oracle.rowSweep({
    method,
    order: epochOrder(oracle.rows, sampling, stream.split(epoch)),
    batch,
    theta,
    residuals,
    gradient: sums,
    seen,
    learningRate: learningRate ?? 0,
    ...(learningRate === undefined && { lineSearch: search }),
  });
  const known = seen.reduce((count, one) => count + one, 0);
  return {
    ...state,
    theta,
    objective: loss + penalty(oracle, theta),
    // The table's mean: exact in the limit, and good enough to say when to certify.
    gradient: withPenalty(oracle, theta, sums, 1 / known),
    lipschitz: search.lipschitz,
    epoch: epoch + 1,
  };
}
