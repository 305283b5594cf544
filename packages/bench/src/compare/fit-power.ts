/** @file y = constant · x^exponent by least squares in logarithms: how a cost grows. */
import { reject } from "@linear-probes/core";

export interface PowerFit {
  readonly exponent: number;
  readonly constant: number;
  /** Greatest |log₁₀| of measured over fitted: how far from a power law the points are. */
  readonly worstDecades: number;
}

export function fitPower(points: readonly { readonly x: number; readonly y: number }[]): PowerFit {
  if (!(points.length >= 2)) reject("fitPower", "needs at least two points", points.length);
  for (const { x, y } of points) if (!(x > 0 && y > 0)) reject("fitPower", "points must be positive", `(${x}, ${y})`);
  const logs = points.map(({ x, y }) => [Math.log10(x), Math.log10(y)] as const);
  const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanX = meanOf(logs.map(([x]) => x));
  const meanY = meanOf(logs.map(([, y]) => y));
  const spread = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (!(spread > 0)) reject("fitPower", "points must differ in x", points[0]?.x);
  const exponent = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const offset = meanY - exponent * meanX;
  const worstDecades = Math.max(...logs.map(([x, y]) => Math.abs(y - offset - exponent * x)));
  return { exponent, constant: 10 ** offset, worstDecades };
}
