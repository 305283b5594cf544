/** @file Optimisers as data, with their update of a flat range of parameters. */
import type { OptimizerSteps } from "@linear-probes/core";

export type Optimizer =
  | { readonly kind: "sgd" }
  /** v ← momentum v + g; θ ← θ - lr v (Polyak 1964, TensorFlow form). */
  | { readonly kind: "momentum"; readonly momentum: number }
  /** Kingma & Ba 2015, algorithm 1. */
  | { readonly kind: "adam"; readonly beta1: number; readonly beta2: number; readonly epsilon: number };

/** How many accumulators the optimiser keeps per parameter. */
export function accumulatorCount(optimizer: Optimizer): number {
  return { sgd: 0, momentum: 1, adam: 2 }[optimizer.kind];
}

export interface UpdateRange {
  readonly start: number;
  readonly end: number;
  readonly l2: number;
}

export interface UpdateBuffers {
  readonly theta: Float32Array;
  /** Gradients of the shards, added in this order. All but the last are overwritten. */
  readonly gradients: readonly Float32Array[];
  readonly accumulators: readonly Float32Array[];
}

/**
 * Updates θ[start..end) with g = Σ shard gradients + l2 θ. `step` counts from 1. Every element is computed alone in
 * float32, rounded after each operation as the frameworks of Python do, so that any partition into ranges gives the same
 * bits; `steps` of the vectors' memory are quicker and give them too.
 */
export function update(
  optimizer: Optimizer,
  buffers: UpdateBuffers,
  range: UpdateRange,
  learningRate: number,
  step: number,
  steps?: OptimizerSteps,
): void {
  const { theta, accumulators } = buffers;
  const { start, end } = range;
  const { gradient: g, secondGradient } = lastTwo(buffers.gradients, start, end);
  const vectors = { theta, gradient: g, secondGradient };
  const l2 = f(range.l2);
  const derivative = (i: number): number => {
    const both = secondGradient === undefined ? g[i]! : f(g[i]! + secondGradient[i]!);
    return f(both + f(l2 * theta[i]!));
  };
  const [first, second] = accumulators;
  switch (optimizer.kind) {
    case "sgd": {
      const rate = f(learningRate);
      for (let i = start; i < end; i++) theta[i] = theta[i]! - f(rate * derivative(i));
      return;
    }
    case "momentum": {
      if (first === undefined) throw new Error("momentum: needs one accumulator");
      const [rate, momentum] = [f(learningRate), f(optimizer.momentum)];
      if (steps) return steps.momentum({ ...vectors, velocity: first }, range, { rate, momentum });
      for (let i = start; i < end; i++) {
        const v = f(f(momentum * first[i]!) + derivative(i));
        first[i] = v;
        theta[i] = theta[i]! - f(rate * v);
      }
      return;
    }
    case "adam": {
      if (first === undefined || second === undefined) throw new Error("adam: needs two accumulators");
      const { beta1, beta2, epsilon } = optimizer;
      const rate = f(learningRate / (1 - beta1 ** step));
      const scale = f(1 / Math.sqrt(1 - beta2 ** step));
      if (steps) return steps.adam({ ...vectors, first, second }, range, { rate, scale, epsilon, beta1, beta2 });
      const [b1, c1, b2, c2, small] = [f(beta1), f(1 - beta1), f(beta2), f(1 - beta2), f(epsilon)];
      for (let i = start; i < end; i++) {
        const d = derivative(i);
        const m = f(f(b1 * first[i]!) + f(c1 * d));
        const s = f(f(b2 * second[i]!) + f(f(c2 * d) * d));
        first[i] = m;
        second[i] = s;
        theta[i] = theta[i]! - f(f(rate * m) / f(f(scale * f(Math.sqrt(s))) + small));
      }
    }
  }
}

const f = Math.fround;

/** One or two vectors that add up to the sum of the shards: of several, the last, and the float32 sum of those before it. */
function lastTwo(gradients: readonly Float32Array[], start: number, end: number) {
  const [sum, ...others] = gradients;
  if (sum === undefined) throw new Error("update: needs the gradient of at least one shard");
  for (const other of others.slice(0, -1)) for (let i = start; i < end; i++) sum[i] = sum[i]! + other[i]!;
  return { gradient: sum, secondGradient: others.at(-1) };
}
