/**
 * @file Named, splittable random streams: the only source of randomness in the project.
 *
 * A stream is known by its path, for example `7/fig03/dataset-12/inputs`. Two streams of equal path give equal
 * numbers, whatever was drawn elsewhere and on whichever thread. The generator is Brent's xorgens (seedrandom's
 * xor4096, Brent 2004), keyed by the path.
 */
import seedrandom from "seedrandom";
import { reject } from "./errors.ts";
import { fillNormal } from "./ziggurat.ts";

export interface Stream {
  /** The labels from the root, joined by "/". */
  readonly path: string;
  /** An independent child stream. Equal labels give equal streams; drawing from a child never moves its parent. */
  split(label: string | number): Stream;
  /** Uniform on [0, 1), 32 random bits. */
  uniform(): number;
  /** Standard normal, by Marsaglia's polar method (Marsaglia & Bray 1964). */
  normal(): number;
  /** Fills `out` with standard normals, by the ziggurat method: other numbers than `normal` gives, and four times faster. */
  fillNormal(out: Float32Array | Float64Array): void;
  /** Fills `out` with `yes`, each with the given probability, else `no`: what `uniform() < probability` says, in less time. */
  fillBernoulli(out: Float32Array, probability: number, yes: number, no: number): void;
  /** Uniform integer in 0 .. bound-1. */
  integer(bound: number): number;
  /** A uniformly random order of 0 .. n-1 (Fisher & Yates). */
  permutation(n: number): Int32Array;
}

/** The root of all streams of a run. `seed` is any string or integer. */
export function rootStream(seed: string | number): Stream {
  return streamAt(String(seed));
}

function streamAt(path: string): Stream {
  // Created on first use: most streams exist only to be split, and keying costs microseconds.
  let generator: seedrandom.PRNG | undefined;
  let spare = Number.NaN;
  const source = (): seedrandom.PRNG => (generator ??= seedrandom.xor4096(path));
  const uniform = (): number => source()();
  const integer = (bound: number): number => {
    if (!(Number.isInteger(bound) && bound > 0)) reject("stream.integer", "bound must be a positive integer", bound);
    return Math.floor(uniform() * bound);
  };
  return {
    path,
    split: (label) => streamAt(`${path}/${label}`),
    uniform,
    normal() {
      if (!Number.isNaN(spare)) {
        const value = spare;
        spare = Number.NaN;
        return value;
      }
      for (;;) {
        const u = 2 * uniform() - 1;
        const v = 2 * uniform() - 1;
        const s = u * u + v * v;
        if (s > 0 && s < 1) {
          const factor = Math.sqrt((-2 * Math.log(s)) / s);
          spare = v * factor;
          return u * factor;
        }
      }
    },
    fillNormal(out) {
      const words = source();
      fillNormal(() => words.int32(), out);
    },
    fillBernoulli(out, probability, yes, no) {
      const words = source();
      const limit = probability * 2 ** 32;
      for (let i = 0; i < out.length; i++) out[i] = words.int32() >>> 0 < limit ? yes : no;
    },
    integer,
    permutation(n) {
      const order = new Int32Array(n);
      for (let i = 1; i < n; i++) order[i] = i;
      // `integer(i + 1)`, unrolled: figure 3 draws tens of thousands of these orders.
      const words = source();
      for (let i = n - 1; i > 0; i--) {
        const j = Math.floor(((words.int32() >>> 0) / 2 ** 32) * (i + 1));
        const swap = order[i]!;
        order[i] = order[j]!;
        order[j] = swap;
      }
      return order;
    },
  };
}
