/** @file Random rows, labels and weights of a shape, the same wherever they are drawn, for measuring kernels. */
import { rootStream } from "@linear-probes/core";

export interface Shape {
  readonly n: number;
  readonly d: number;
  readonly k: number;
}

export function problemOf({ n, d, k }: Shape) {
  const stream = rootStream(`bench/kernels/${n}x${d}x${k}`);
  const pool = Float32Array.from({ length: 65_537 }, () => stream.normal());
  const x = new Float32Array(n * d);
  for (let i = 0; i < x.length; i++) x[i] = pool[i % pool.length] ?? 0;
  const labels = Int32Array.from({ length: n }, () => stream.integer(k));
  const weights = Float32Array.from({ length: k * d }, () => stream.normal() / Math.sqrt(d));
  return { x, labels, weights };
}

/** Multiplications and additions of one loss and gradient, also where a reference class saves some. */
export const flopsOf = ({ n, d, k }: Shape): number => 4 * n * d * k;
