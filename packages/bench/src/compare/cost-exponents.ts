/** @file The exponents with which a probe's cost grows along each of its dimensions. */
import type { CostAxis } from "./cost-axes.ts";
import { fitPower } from "./fit-power.ts";

export type CostKind = "secondsPerPass" | "fitSeconds";

export interface CostPoint extends Readonly<Record<CostAxis, number>> {
  readonly axis: CostAxis; // the one that varies
  readonly secondsPerPass: number;
  readonly fitSeconds: number;
}

export interface CostExponent {
  readonly axis: CostAxis;
  readonly cost: CostKind;
  readonly exponent: number; // over the whole range
  readonly upper: number; // over its upper half, where fixed costs no longer weigh
  readonly worstDecades: number; // of the fit over the whole range
}

/** Of each axis that has at least two points, for both costs. */
export function costExponents(points: readonly CostPoint[]): readonly CostExponent[] {
  return [...Map.groupBy(points, ({ axis }) => axis)].flatMap(([axis, group]) =>
    group.length < 2
      ? []
      : (["secondsPerPass", "fitSeconds"] as const).map((cost) => {
          const pairs = group.map((point) => ({ x: point[axis], y: point[cost] })).toSorted((a, b) => a.x - b.x);
          const { exponent, worstDecades } = fitPower(pairs);
          const upper = fitPower(pairs.slice(Math.min(Math.floor(pairs.length / 2), pairs.length - 2))).exponent;
          return { axis, cost, exponent, upper, worstDecades };
        }),
  );
}
