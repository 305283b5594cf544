/**
 * @file Discrete chains Y → A₁ → … → A_K whose laws are known in full, so that H(Y | A_k) is a finite sum (equation 2 of
 * Alain & Bengio 2016) and the error of any classifier of A_k an exact number. Each A_k has 2^bits states; a probe sees
 * the binary digits of the state's number as ±1.
 */
import { reject, type Stream } from "@linear-probes/core";

export const families = ["noisy", "merging", "unfolding", "skip"] as const;
/**
 * `noisy`: each layer a permutation with noise. `merging`: deterministic, sometimes sending two states to one.
 * `unfolding`: permutations only, that sort the states by their label a few at a time. `skip`: noisy, but the layer in
 * the middle is most often A₁ once more: no chain, since that layer depends on more than the one before.
 */
export type Family = (typeof families)[number];

export type ChainSettings = { readonly bits: number; readonly layers: number; readonly noise: number };

/** P(y, a) as [classes][states]. */
export type Joint = readonly Float64Array[];

const CLASSES = 2;

/** The joint laws of Y with A₁, …, A_K. */
export function drawChain(family: Family, { bits, layers, noise }: ChainSettings, stream: Stream): readonly Joint[] {
  if (!(Number.isInteger(bits) && bits >= 1 && layers >= 3)) reject("chain", "needs 1 bit and 3 layers", bits);
  const states = 2 ** bits;
  const first = firstLayer(states, stream.split("first"));
  if (family === "unfolding") return unfolding(first, layers, stream.split("order"));
  // paths[y][a₁][a_k]: the law of the label with the first and the present layer.
  let paths: Float64Array[][] = first.map((own) =>
    Array.from(own, (p, a) => Float64Array.from({ length: states }, (_, b) => (a === b ? p : 0))),
  );
  const laws = [first];
  const middle = Math.ceil((layers + 1) / 2);
  for (let layer = 2; layer <= layers; layer++) {
    const own = stream.split(`layer-${layer}`);
    const kernel = family === "merging" ? mergingKernel(states, own) : noisyKernel(states, noise, own);
    const skips = family === "skip" && layer === middle;
    paths = paths.map((rows) => rows.map((row, a) => (skips ? rejoin(row, a, noise) : step(row, kernel))));
    laws.push(paths.map((rows) => sumOf(rows)));
  }
  return laws;
}

/** H(Y | A) in bits. */
export function conditionalEntropyBits(joint: Joint): number {
  const marginal = sumOf(joint);
  let bits = 0;
  for (const own of joint) own.forEach((p, a) => (bits -= p > 0 ? p * Math.log2(p / (marginal[a] ?? 0)) : 0));
  return bits;
}

/** The error of a classifier of A: state → class. */
export function errorOf(joint: Joint, answer: (state: number) => number): number {
  return sumOf(joint).reduce((error, p, a) => error + p - (joint[answer(a)]?.[a] ?? 0), 0);
}

/** The least error any classifier of A can have. */
export function bayesError(joint: Joint): number {
  return errorOf(joint, (a) => joint.reduce((best, own, y) => (own[a]! > (joint[best]?.[a] ?? 0) ? y : best), 0));
}

/** The state's binary digits as ±1, the highest first. */
export function codeOf(state: number, bits: number): number[] {
  return Array.from({ length: bits }, (_, i) => ((state >> (bits - 1 - i)) & 1) * 2 - 1);
}

/** P(y, a₁): labels equally likely, states unevenly likely and each leaning to one label. */
function firstLayer(states: number, stream: Stream): Joint {
  const weight = Float64Array.from({ length: states }, () => 0.2 + stream.uniform());
  const total = weight.reduce((sum, value) => sum + value, 0);
  const order = stream.permutation(states);
  const lean = Float64Array.from({ length: states }, () => 0.8 + 0.2 * stream.uniform());
  const share = (y: number, a: number): number => ((order[a]! & 1) === y ? lean[a]! : 1 - lean[a]!);
  return Array.from({ length: CLASSES }, (_, y) => weight.map((value, a) => (value / total) * share(y, a)));
}

/** Kernels are rows of P(a' | a). */
function noisyKernel(states: number, noise: number, stream: Stream): readonly Float64Array[] {
  const order = stream.permutation(states);
  return Array.from({ length: states }, (_, a) => {
    const row = Float64Array.from({ length: states }, () => -Math.log(1 - stream.uniform()));
    const total = row.reduce((sum, value) => sum + value, 0);
    return row.map((value, b) => (noise * value) / total + (b === order[a] ? 1 - noise : 0));
  });
}

function mergingKernel(states: number, stream: Stream): readonly Float64Array[] {
  const order = stream.permutation(states);
  const merges = stream.uniform() < 0.5;
  const target = (a: number): number => (merges && a === 0 ? order[1]! : order[a]!);
  return Array.from({ length: states }, (_, a) =>
    Float64Array.from({ length: states }, (_, b) => (b === target(a) ? 1 : 0)),
  );
}

/** From a permuted A₁ to states in order of P(label 1 | state), by a few exchanges per layer. Every layer a bijection. */
function unfolding(first: Joint, layers: number, stream: Stream): readonly Joint[] {
  const states = first[0]?.length ?? 0;
  const lean = (state: number): number => (first[1]?.[state] ?? 0) / (sumOf(first)[state] ?? 1);
  const sorted = Array.from({ length: states }, (_, a) => a).sort((a, b) => lean(a) - lean(b));
  let places = Array.from(stream.permutation(states)); // place → state of A₁ that stands there
  const laws: Joint[] = [];
  for (let layer = 1; layer <= layers; layer++) {
    const inPlace = Math.round((states * (layer - 1)) / (layers - 1));
    places = places.slice();
    for (let place = 0; place < inPlace; place++) {
      const from = places.indexOf(sorted[place]!);
      [places[place], places[from]] = [places[from]!, places[place]!];
    }
    laws.push(first.map((own) => Float64Array.from(places, (state) => own[state]!)));
  }
  return laws;
}

function step(row: Float64Array, kernel: readonly Float64Array[]): Float64Array {
  const next = new Float64Array(row.length);
  for (const [a, p] of row.entries()) {
    const shares = kernel[a] ?? row;
    for (let b = 0; b < next.length; b++) next[b]! += p * shares[b]!;
  }
  return next;
}

/** The next layer is A₁ itself, or with small probability the present layer. */
function rejoin(row: Float64Array, first: number, noise: number): Float64Array {
  const total = row.reduce((sum, p) => sum + p, 0);
  return row.map((p, b) => noise * p + (b === first ? (1 - noise) * total : 0));
}

function sumOf(rows: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(rows[0]?.length ?? 0);
  for (const row of rows) row.forEach((p, a) => (sum[a]! += p));
  return sum;
}
