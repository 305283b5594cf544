/**
 * @file L-BFGS (Nocedal 1980; Nocedal & Wright 2006, alg. 7.4) with two changes that linear models allow:
 * an exact line search on the margins, so that an iteration is one forward and one backward product and nothing else,
 * and the adaptive Kronecker preconditioner (parts/kronecker.ts) as the initial inverse Hessian H₀ of every two-loop.
 */
import {
  type Iterate,
  type Margins,
  type Oracle,
  type Solver,
  type Stream,
  type SymmetricEigen,
} from "@linear-probes/core";
import { classEigen, kroneckerSolve } from "../parts/kronecker.ts";
import { lineSearch } from "../parts/line-search.ts";
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

interface LbfgsState extends Iterate {
  readonly objective: number;
  readonly gradient: Float64Array;
  readonly margins: Margins; // Z of θ
  readonly direction: Margins; // scratch for D of the search direction
  readonly pairs: readonly Pair[]; // oldest first
  readonly classes: SymmetricEigen | undefined; // of M; absent without preconditioning
  readonly stream: Stream;
  readonly step: number;
}

export function lbfgs({
  memory = 20,
  refresh = 5,
  accuracy = 0.1,
  preconditioned = true,
}: LbfgsSettings = {}): Solver<LbfgsState> {
  const classesAt = (oracle: Oracle, margins: Margins): SymmetricEigen =>
    classEigen(oracle.classCovariance(margins), oracle.classes);

  const inverseHessian = (oracle: Oracle, state: LbfgsState, g: Float64Array): Float64Array => {
    if (state.classes !== undefined) {
      return kroneckerSolve(oracle, secondMoments(oracle, state.stream), state.classes, g);
    }
    const last = state.pairs.at(-1);
    const gamma = last === undefined ? 1 : last.curvature / dot(last.y, last.y);
    return g.map((value) => gamma * value);
  };

  return {
    name: "lbfgs",
    source: "Nocedal (1980); Nocedal & Wright (2006), algorithm 7.4; H₀ = (M ⊗ S + l2·I)⁻¹",
    settings: { memory, refresh, accuracy, preconditioned },

    init(oracle, start, stream) {
      const margins = oracle.createMargins();
      const direction = oracle.createMargins();
      const gradient = new Float64Array(oracle.dimension);
      oracle.margins(start, margins);
      const objective = oracle.gradientAt(margins, start, gradient);
      const classes = preconditioned ? classesAt(oracle, margins) : undefined;
      return { theta: start, objective, gradient, margins, direction, pairs: [], classes, stream, step: 0 };
    },

    step(oracle, state) {
      const { theta, gradient, margins, direction, step } = state;
      const delta = twoLoop(state.pairs, gradient, (g) => inverseHessian(oracle, state, g));
      for (let at = 0; at < delta.length; at++) delta[at] = -delta[at]!;
      const slope = dot(gradient, delta);
      if (!(slope < 0))
        return { ...state, stalled: "The search direction does not descend: the gradient is rounding." };
      oracle.margins(delta, direction);
      const found = lineSearch(oracle, { margins, direction, theta, delta }, slope, accuracy);
      if (found === undefined) return { ...state, stalled: "The line search found no minimum: the slope is rounding." };

      oracle.advance(margins, direction, found.t);
      const next = theta.map((value, at) => value + found.t * delta[at]!);
      const nextGradient = new Float64Array(oracle.dimension);
      const objective = oracle.gradientAt(margins, next, nextGradient);
      const s = delta.map((value) => found.t * value);
      const y = nextGradient.map((value, at) => value - gradient[at]!);
      const curvature = dot(s, y);
      const pairs = curvature > 0 ? [...state.pairs, { s, y, curvature }].slice(-memory) : state.pairs;
      const due = state.classes !== undefined && (step + 1) % refresh === 0;
      const classes = due ? classesAt(oracle, margins) : state.classes;
      return { ...state, theta: next, objective, gradient: nextGradient, pairs, classes, step: step + 1 };
    },

    release(oracle, { margins, direction }) {
      oracle.releaseMargins(margins);
      oracle.releaseMargins(direction);
    },
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

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!;
  return sum;
}

function axpy(factor: number, x: Float64Array, y: Float64Array): void {
  for (let at = 0; at < x.length; at++) y[at]! += factor * x[at]!;
}
