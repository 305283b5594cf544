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
 * float64 and rounded once per stored value, so that any partition into ranges gives the same bits; `steps` of the
 * vectors' memory are quicker and give them too.
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
  const { start, end, l2 } = range;
  const { gradient: g, secondGradient } = lastTwo(buffers.gradients, start, end);
  const vectors = { theta, gradient: g, secondGradient };
  const h = secondGradient ?? zeros(end);
  const [first, second] = accumulators;
  switch (optimizer.kind) {
    case "sgd":
      for (let i = start; i < end; i++) {
        const w = theta[i]!;
        theta[i] = w - learningRate * (g[i]! + h[i]! + l2 * w);
      }
      return;
    case "momentum": {
      if (first === undefined) throw new Error("momentum: needs one accumulator");
      const { momentum } = optimizer;
      if (steps) return steps.momentum({ ...vectors, velocity: first }, range, { rate: learningRate, momentum });
      for (let i = start; i < end; i++) {
        const w = theta[i]!;
        const v = momentum * first[i]! + (g[i]! + h[i]! + l2 * w);
        first[i] = v;
        theta[i] = w - learningRate * v;
      }
      return;
    }
    case "adam": {
      if (first === undefined || second === undefined) throw new Error("adam: needs two accumulators");
      const { beta1, beta2, epsilon } = optimizer;
      const rate = learningRate / (1 - beta1 ** step);
      const scale = 1 / Math.sqrt(1 - beta2 ** step);
      if (steps) return steps.adam({ ...vectors, first, second }, range, { rate, scale, epsilon, beta1, beta2 });
      for (let i = start; i < end; i++) {
        const w = theta[i]!;
        const d = g[i]! + h[i]! + l2 * w;
        const m = beta1 * first[i]! + (1 - beta1) * d;
        const s = beta2 * second[i]! + (1 - beta2) * d * d;
        first[i] = m;
        second[i] = s;
        theta[i] = w - (rate * m) / (scale * Math.sqrt(s) + epsilon);
      }
    }
  }
}

/** One or two vectors that add up to the sum of the shards: of several, the last, and the float32 sum of those before it. */
function lastTwo(gradients: readonly Float32Array[], start: number, end: number) {
  const [sum, ...others] = gradients;
  if (sum === undefined) throw new Error("update: needs the gradient of at least one shard");
  for (const other of others.slice(0, -1)) for (let i = start; i < end; i++) sum[i] = sum[i]! + other[i]!;
  return { gradient: sum, secondGradient: others.at(-1) };
}

let nothing = new Float32Array(0);

/** At least `length` zeros, the same ones every time. */
function zeros(length: number): Float32Array {
  if (nothing.length < length) nothing = new Float32Array(length);
  return nothing;
}
