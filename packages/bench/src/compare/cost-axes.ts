/** @file What the cost of a probe is measured against. */

export const costAxes = ["rows", "cols", "classes"] as const;
export type CostAxis = (typeof costAxes)[number];

export type Shape = Readonly<Record<CostAxis, number>>;

/** One of the three varies while the others stay. */
export interface ShapeSweep {
  readonly base: Shape;
  readonly values: Readonly<Record<CostAxis, readonly number[]>>;
}

/** Over two decades and more of each. */
export const wideSweep = {
  base: { rows: 10_000, cols: 64, classes: 5 },
  values: {
    rows: [1000, 3000, 10_000, 30_000, 100_000, 300_000],
    cols: [8, 16, 32, 64, 128, 256, 512, 1024],
    classes: [2, 4, 10, 20, 50, 100, 200],
  },
} as const satisfies ShapeSweep;

export function shapesOf({ base, values }: ShapeSweep): readonly (Shape & { readonly axis: CostAxis })[] {
  return costAxes.flatMap((axis) => values[axis].map((value) => ({ axis, ...base, [axis]: value })));
}
