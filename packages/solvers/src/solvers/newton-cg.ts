/**
 * @file Newton-CG (Nocedal & Wright 2006, alg. 7.1): the Newton system ∇²F δ = -∇F solved loosely by conjugate
 * gradients, one Hessian-vector product (one pass) per inner iteration, preconditioned by parts/kronecker.ts; then a
 * step along it (parts/descent.ts). The forcing term min(½, √(‖∇F‖/‖∇F₀‖)), in the preconditioner's norm, makes
 * convergence superlinear (Dembo, Eisenstat & Steihaug 1982).
 */
import { conjugateGradients, dot, type Solver } from "@linear-probes/core";
import { descend, pointAt, releasePoint, type Point } from "../parts/descent.ts";
import { classSpectrum, kroneckerSolve } from "../parts/kronecker.ts";
import { secondMoments } from "../parts/second-moments.ts";

export interface NewtonCgSettings {
  readonly preconditioned?: boolean;
  readonly maxInner?: number; // conjugate gradient iterations per step
  readonly accuracy?: number; // of the line search
}

interface NewtonCgState extends Point {
  readonly firstNorm: number | undefined; // of ∇F at the start, in the preconditioner's norm
}

export function newtonCg({
  preconditioned = true,
  maxInner = 50,
  accuracy = 0.1,
}: NewtonCgSettings = {}): Solver<NewtonCgState> {
  return {
    name: "newton-cg",
    source: "Nocedal & Wright (2006), algorithm 7.1; Dembo, Eisenstat & Steihaug (1982)",
    settings: { preconditioned, maxInner, accuracy },

    init: (oracle, start) => ({ ...pointAt(oracle, start), firstNorm: undefined }),

    step(oracle, state) {
      const { gradient, margins } = state;
      const classes = preconditioned ? classSpectrum(oracle, margins) : undefined;
      const precondition = (r: Float64Array): Float64Array =>
        classes === undefined ? r.slice() : kroneckerSolve(oracle, secondMoments(oracle), classes, r);
      const norm = Math.sqrt(dot(gradient, precondition(gradient)));
      const firstNorm = state.firstNorm ?? norm;
      const delta = conjugateGradients(
        gradient.map((value) => -value),
        {
          apply(v) {
            const out = new Float64Array(oracle.dimension);
            oracle.hessianVector(margins, v, out);
            return out;
          },
          precondition,
          tolerance: Math.min(0.5, Math.sqrt(norm / firstNorm)),
          maxIterations: maxInner,
        },
      );
      return { ...descend(oracle, state, delta, accuracy).point, firstNorm };
    },

    release: releasePoint,
  };
}
