/**
 * @file Minibatch RMSProp, the solver of the paper's probes (Hinton 2012, Coursera lecture 6e; in TensorFlow's form):
 *
 *   g ← gradient of the batch mean + l2·W,   s ← ρ s + (1-ρ) g²,   θ ← θ - η g / (√s + ε).
 *
 * One step is one epoch over a fresh permutation. On the features as declared, without centring: so that what it shows
 * is the paper's solver, not ours; "whitened" is the same along the principal axes, where its steps are those of a full
 * matrix of squares. It knows no gradient of F and proves nothing by itself; the driver certifies it.
 */
import { stagedSolver, type Iterate, type Solver, type Stream } from "@linear-probes/core";
import { whitening } from "../parts/whitening.ts";

export interface RmspropSettings {
  readonly batch?: number; // rows
  readonly learningRate?: number; // η
  readonly decay?: number; // ρ
  readonly epsilon?: number; // ε
  readonly whitened?: boolean; // parts/whitening.ts
}

interface RmspropState extends Iterate {
  readonly square: Float64Array; // s [k·d + k]
  readonly epoch: number;
  readonly stream: Stream;
}

let drawn: { readonly stream: Stream; readonly epoch: number; readonly order: Int32Array } | undefined;

/** Drawn once for probes that are fitted side by side with one stream: they see the same rows in the same order. */
function orderOf({ stream, epoch }: RmspropState, rows: number): Int32Array {
  if (drawn?.stream !== stream || drawn.epoch !== epoch || drawn.order.length !== rows)
    drawn = { stream, epoch, order: stream.split(epoch).permutation(rows) };
  return drawn.order;
}

export function rmsprop({
  batch = 128,
  learningRate = 1e-3,
  decay = 0.9,
  epsilon = 1e-7,
  whitened = false,
}: RmspropSettings = {}): Solver<RmspropState> {
  return stagedSolver<RmspropState>({
    name: "rmsprop",
    source: "Hinton (2012), Neural Networks for Machine Learning, lecture 6e",
    settings: { batch, learningRate, decay, epsilon, whitened },
    coordinates: "as-declared",
    ...whitening(whitened),

    // oxlint-disable-next-line require-yield -- nothing to wait for yet
    *init(oracle, start, stream) {
      return { theta: start, square: new Float64Array(oracle.dimension), epoch: 0, stream };
    },

    *step(oracle, state) {
      const theta = state.theta.slice();
      const square = state.square.slice();
      const order = orderOf(state, oracle.rows);
      yield { kind: "epoch", sweep: { order, batch, theta, square, learningRate, decay, epsilon } };
      return { ...state, theta, square, epoch: state.epoch + 1 };
    },
  });
}
