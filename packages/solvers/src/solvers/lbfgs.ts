/**
 * @file L-BFGS (Nocedal 1980; Nocedal & Wright 2006, alg. 7.4) with two changes that linear models allow:
 * a line search on the margins that nearly always ends where it begins (parts/descent.ts), so that an iteration is one
 * pass, and a preconditioner as the initial inverse Hessian H₀ of every two-loop: the adaptive Kronecker product
 * (parts/kronecker.ts), and for problems of few unknowns and many rows, once the easy part is behind, the factored
 * Hessian of a sample of rows (parts/sampled-hessian.ts).
 */
import {
  axpy,
  combined,
  dot,
  scaledBy,
  stagedSolver,
  type Margins,
  type Oracle,
  type Solver,
} from "@linear-probes/core";
import { releasePoint, stagedDescend, stagedPointAt, type Point } from "../parts/descent.ts";
import { classSpectrum, kroneckerSolve, type ClassSpectrum } from "../parts/kronecker.ts";
import {
  drawHessianSample,
  type HessianSample,
  planHessianSample,
  releaseSample,
  sampledHessianSolve,
} from "../parts/sampled-hessian.ts";
import { isPartial, secondMoments } from "../parts/second-moments.ts";

export interface LbfgsSettings {
  readonly memory?: number; // pairs kept
  readonly refresh?: number; // steps between evaluations of the class covariance
  readonly accuracy?: number; // of the first trial along a direction: |φ'(t)| / |φ'(0)|
  readonly preconditioned?: boolean;
  readonly sampleAt?: number; // the least step at which a Hessian is sampled, and again at SAMPLE_AGAIN times as many; 0: never
  readonly nearby?: boolean; // the start is taken to be near the optimum: a Hessian is sampled there already, where that is cheap
}

const SAMPLE_AGAIN = 4;

/** Passes that a sample at a start nearby may cost: what it saves, measured. */
const WORTH = 16;

/** A Hessian from a start nearby serves on where slopes have fallen to this by the time that one would be sampled first. */
const SERVES = 2e-3;

/** An S of few rows underrates most directions, and steps come out too long: what is left of them, measured. */
const PARTIAL_TRIAL = 0.3;

interface Pair {
  readonly s: Float64Array; // θ⁺ - θ
  readonly y: Float64Array; // ∇F⁺ - ∇F
  readonly curvature: number; // sᵀy > 0
}

interface LbfgsState extends Point {
  readonly pairs: readonly Pair[]; // oldest first
  readonly classes: ClassSpectrum | undefined; // of M; absent without preconditioning, and where a sample is there first
  readonly sample: HessianSample | undefined;
  readonly steepest: number | undefined; // slope of the first direction, in parts of F there
  readonly trial: number; // the step to try first
  readonly step: number;
}

export function lbfgs({
  memory = 20,
  refresh = 5,
  accuracy = 0.8,
  preconditioned = true,
  sampleAt = 8,
  nearby = false,
}: LbfgsSettings = {}): Solver<LbfgsState> {
  const classesAt = (oracle: Oracle, margins: Margins): ClassSpectrum | undefined =>
    preconditioned ? classSpectrum(oracle, margins) : undefined;

  /** `fallen`: to what part slopes have fallen since a Hessian was sampled for a start nearby. */
  const sampledAt = (oracle: Oracle, step: number, { margins }: Point, fallen = 1) => {
    const plan = preconditioned && sampleAt > 0 ? planHessianSample(oracle) : undefined;
    if (plan === undefined) return undefined;
    // A step is a pass. As with skis, to buy once the rent has reached the price costs twice the best at most.
    const first = Math.max(sampleAt, Math.ceil(plan.passes));
    const due = step === 0 ? nearby && plan.passes <= WORTH : isPower(step / first, SAMPLE_AGAIN);
    return due && !(step === first && fallen <= SERVES) ? drawHessianSample(oracle, margins, plan.edges) : undefined;
  };

  return stagedSolver<LbfgsState>({
    name: "lbfgs",
    source:
      "Nocedal (1980); Nocedal & Wright (2006), algorithm 7.4; H₀ = (M ⊗ S + l2·I)⁻¹ or a sampled Hessian's inverse",
    settings: { memory, refresh, accuracy, preconditioned, sampleAt, ...(nearby && { nearby }) },

    *init(oracle, start) {
      const point = yield* stagedPointAt(oracle, start);
      const sample = sampledAt(oracle, 0, point);
      const trial = preconditioned && sample === undefined && isPartial(oracle) ? PARTIAL_TRIAL : 1;
      const classes = sample === undefined ? classesAt(oracle, point.margins) : undefined;
      return { ...point, pairs: [], classes, sample, steepest: undefined, trial, step: 0 };
    },

    *step(oracle, state) {
      const { gradient, classes, sample } = state;
      const delta = twoLoop(state.pairs, gradient, (g) => {
        const sampled = sample && sampledHessianSolve(oracle, sample, g);
        if (sampled !== undefined) return sampled;
        const spectrum = classes ?? classesAt(oracle, state.margins);
        if (spectrum === undefined) return scaled(g, state.pairs.at(-1));
        return kroneckerSolve(oracle, secondMoments(oracle), spectrum, g);
      });
      for (let at = 0; at < delta.length; at++) delta[at] = -delta[at]!;
      const { point, least } = yield* stagedDescend(oracle, state, delta, accuracy, state.trial);
      // Pairs gathered far away can spoil the direction: without them there is one more way to try.
      if (point.stalled !== undefined && state.pairs.length > 0) return { ...state, pairs: [], trial: 1 };
      if (point.stalled !== undefined) return { ...state, stalled: point.stalled };

      const s = combined(point.theta, -1, state.theta);
      const y = combined(point.gradient, -1, gradient);
      const curvature = dot(s, y);
      const step = state.step + 1;
      const slope = dot(gradient, delta) / state.objective;
      const steepest = state.steepest ?? slope;
      const next = sampledAt(oracle, step, point, sample && slope / steepest);
      if (next !== undefined) releaseSample(sample);
      return {
        ...point,
        pairs: curvature > 0 ? [...state.pairs, { s, y, curvature }].slice(-memory) : state.pairs,
        // A sampled Hessian has no use for M, beyond what is there for a factor that cannot be made.
        classes: step % refresh === 0 && sample === undefined ? classesAt(oracle, point.margins) : classes,
        sample: next ?? sample,
        steepest,
        // A preconditioner is off by much the same factor from step to step; γ of the plain method follows the last one.
        trial: next === undefined && preconditioned ? Math.sqrt(state.trial * least) : 1,
        step,
      };
    },

    release(oracle, state) {
      releasePoint(oracle, state);
      releaseSample(state.sample);
    },
  });
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
  return scaledBy(gamma, g);
}

/** Whether `value` is 1, base, base², … */
function isPower(value: number, base: number): boolean {
  let power = 1;
  while (power < value) power *= base;
  return power === value;
}
