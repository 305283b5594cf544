/**
 * @file L-BFGS (Nocedal 1980; Nocedal & Wright 2006, alg. 7.4) with two changes that linear models allow:
 * an exact line search on the margins, so that an iteration is one forward and one backward product and nothing else,
 * and the adaptive Kronecker preconditioner (parts/kronecker.ts) as the initial inverse Hessian H₀ of every two-loop.
 */
import { axpy, dot, type Margins, type Oracle, type Solver, type Stream } from "@linear-probes/core";
import { descend, pointAt, releasePoint, type Point } from "../parts/descent.ts";
import { classSpectrum, kroneckerSolve, type ClassSpectrum } from "../parts/kronecker.ts";
import { secondMoments } from "../parts/second-moments.ts";

export interface LbfgsSettings {
  readonly memory?: number; // pairs kept
  readonly refresh?: number; // steps between evaluations of the class covariance
  readonly accuracy?: number; // of the line search: |φ'(t)| / |φ'(0)|
  readonly preconditioned?: boolean;
}

interface Pair {
  readonly s: Float64Array; // θ⁺ - θ
  readonly y: Float64Array; // ∇F⁺ - ∇F
  readonly curvature: number; // sᵀy > 0
}

interface LbfgsState extends Point {
  readonly pairs: readonly Pair[]; // oldest first
  readonly classes: ClassSpectrum | undefined; // of M; absent without preconditioning
  readonly stream: Stream;
  readonly step: number;
}

export function lbfgs({
  memory = 20,
  refresh = 5,
  accuracy = 0.3,
  preconditioned = true,
}: LbfgsSettings = {}): Solver<LbfgsState> {
  const classesAt = (oracle: Oracle, margins: Margins): ClassSpectrum | undefined =>
    preconditioned ? classSpectrum(oracle, margins) : undefined;

  return {
    name: "lbfgs",
    source: "Nocedal (1980); Nocedal & Wright (2006), algorithm 7.4; H₀ = (M ⊗ S + l2·I)⁻¹",
    settings: { memory, refresh, accuracy, preconditioned },

    init(oracle, start, stream) {
      const point = pointAt(oracle, start);
      return { ...point, pairs: [], classes: classesAt(oracle, point.margins), stream, step: 0 };
    },

    step(oracle, state) {
      const { gradient, classes } = state;
      const delta = twoLoop(state.pairs, gradient, (g) =>
        classes === undefined
          ? scaled(g, state.pairs.at(-1))
          : kroneckerSolve(oracle, secondMoments(oracle, state.stream), classes, g),
      );
      for (let at = 0; at < delta.length; at++) delta[at] = -delta[at]!;
      const { point, t } = descend(oracle, state, delta, accuracy);
      // Pairs gathered far away can spoil the direction: without them there is one more way to try.
      if (point.stalled !== undefined && state.pairs.length > 0) return { ...state, pairs: [] };
      if (point.stalled !== undefined) return { ...state, stalled: point.stalled };

      const s = delta.map((value) => t * value);
      const y = point.gradient.map((value, at) => value - gradient[at]!);
      const curvature = dot(s, y);
      const step = state.step + 1;
      return {
        ...point,
        pairs: curvature > 0 ? [...state.pairs, { s, y, curvature }].slice(-memory) : state.pairs,
        classes: step % refresh === 0 ? classesAt(oracle, point.margins) : classes,
        stream: state.stream,
        step,
      };
    },

    release: releasePoint,
  };
}

/** H g for the inverse Hessian H that L-BFGS builds from its pairs on top of H₀ (Nocedal & Wright 2006, alg. 7.4). */
function twoLoop(pairs: readonly Pair[], g: Float64Array, h0: (g: Float64Array) => Float64Array): Float64Array {
  const q = g.slice();
  const alphas: number[] = [];
  for (const { s, y, curvature } of pairs.toReversed()) {
    const alpha = dot(s, q) / curvature;
    alphas.push(alpha);
    axpy(-alpha, y, q);
  }
  const r = h0(q);
  for (const { s, y, curvature } of pairs) axpy((alphas.pop() ?? 0) - dot(y, r) / curvature, s, r);
  return r;
}

/** H₀ = γI, γ = sᵀy/yᵀy of the latest pair (Nocedal & Wright 2006, eq. 7.20). */
function scaled(g: Float64Array, pair: Pair | undefined): Float64Array {
  const gamma = pair === undefined ? 1 : pair.curvature / dot(pair.y, pair.y);
  return g.map((value) => gamma * value);
}
