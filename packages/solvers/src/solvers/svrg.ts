/**
 * @file SVRG (Johnson & Zhang 2013): around a snapshot θ̄ with its full gradient,
 *
 *   θ ← θ - η (gᵢ(θ) - gᵢ(θ̄) + G + l2·W),   G = mean of gᵢ(θ̄) over the rows,
 *
 * one epoch of steps between snapshots. Snapshots grow (Harikandeh et al. 2015): the first ones take only some rows, the
 * share doubling every epoch. Rows outside the snapshot take gᵢ(θ̄) = 0, in G as well: for them the step is plain SGD, as
 * in the mixed steps of their algorithm 4, and its mean stays the gradient. Step size 1/(L + l2) with
 * L by SAG's line search, as they use it.
 */
import type { Iterate, Oracle, Solver, Stream } from "@linear-probes/core";
import { epochOrder, rowLipschitz, type Sampling } from "../parts/stochastic.ts";
import { whitening } from "../parts/whitening.ts";

export interface SvrgSettings {
  readonly batch?: number; // rows a step
  readonly sampling?: Sampling;
  readonly whitened?: boolean; // parts/whitening.ts
  readonly firstShare?: number; // of the rows, in the first snapshot; 1 for plain SVRG
}

interface SvrgState extends Iterate {
  readonly lipschitz: number;
  readonly residuals: Float64Array; // p - y at the snapshot [n, k], zero outside it
  readonly mean: Float64Array; // G [k·d + k]
  readonly epoch: number;
  readonly stream: Stream;
}

export function svrg({
  batch = 1,
  sampling = "permutation",
  firstShare = 1 / 8,
  whitened = false,
}: SvrgSettings = {}): Solver<SvrgState> {
  const snapshot = (oracle: Oracle, theta: Float64Array, epoch: number, stream: Stream) => {
    const rows = Math.ceil(firstShare * 2 ** epoch * oracle.rows);
    return rows < oracle.rows
      ? partial(oracle, theta, rows, stream.split("snapshot").split(epoch))
      : full(oracle, theta);
  };
  return {
    name: "svrg",
    source: "Johnson & Zhang (2013), figure 1; Harikandeh et al. (2015), algorithms 2 and 4",
    settings: { batch, sampling, firstShare, whitened },
    ...whitening(whitened),

    init: (oracle, start, stream) => ({
      theta: start,
      ...snapshot(oracle, start, 0, stream),
      lipschitz: rowLipschitz(oracle),
      epoch: 0,
      stream,
    }),

    step(oracle, { theta: before, residuals, mean, lipschitz, epoch, stream }) {
      const theta = before.slice();
      const search = { lipschitz };
      oracle.rowSweep({
        method: "svrg",
        order: epochOrder(oracle.rows, sampling, stream.split(epoch)),
        batch,
        theta,
        residuals,
        gradient: mean,
        seen: new Uint8Array(oracle.rows),
        learningRate: 0,
        lineSearch: search,
      });
      return {
        theta,
        ...snapshot(oracle, theta, epoch + 1, stream),
        lipschitz: search.lipschitz,
        epoch: epoch + 1,
        stream,
      };
    },
  };
}

interface Snapshot {
  readonly residuals: Float64Array;
  readonly mean: Float64Array;
  readonly objective?: number;
  readonly gradient?: Float64Array;
}

/** All rows: one pass, and the objective and gradient of F come with it. */
function full(oracle: Oracle, theta: Float64Array): Snapshot {
  const margins = oracle.createMargins();
  const gradient = new Float64Array(oracle.dimension);
  const objective = oracle.valueAndGradient(theta, gradient, margins);
  const residuals = oracle.residuals(margins);
  oracle.releaseMargins(margins);
  const weights = oracle.classes * oracle.cols;
  const mean = gradient.map((value, at) => (at < weights ? value - oracle.l2 * theta[at]! : value));
  return { residuals, mean, objective, gradient };
}

/** Some rows: a sweep of SAG with no step only fills its table. */
function partial(oracle: Oracle, theta: Float64Array, rows: number, stream: Stream): Snapshot {
  const residuals = new Float64Array(oracle.rows * oracle.classes);
  const sums = new Float64Array(oracle.dimension);
  oracle.rowSweep({
    method: "sag",
    order: stream.permutation(oracle.rows).slice(0, rows),
    batch: 1,
    theta: theta.slice(),
    residuals,
    gradient: sums,
    seen: new Uint8Array(oracle.rows),
    learningRate: 0,
  });
  return { residuals, mean: sums.map((value) => value / oracle.rows) };
}
