/**
 * @file A 2 × 2 max-pool, to ONNX operators, of values that lie cell by cell, [height · width, anything]: there it is a
 * maximum of large halves, first of neighbours side by side, then of what is left one above the other. Pooling images and
 * finding the maxima again takes twice as long.
 */
import { DataType } from "../../onnx/build.ts";
import type { ModelBuilder } from "./model-builder.ts";

export interface CellPool {
  readonly name: string; // begins the names of what it leaves for the backward pass
  readonly height: number; // before pooling; even
  readonly width: number;
}

type Axis = "across" | "down";

const halvesOf = (pool: CellPool, axis: Axis): readonly [string, string] => [
  `${pool.name}/${axis}/first`,
  `${pool.name}/${axis}/second`,
];

/** [pairs, halves, values of half a pair]. */
const shapeOf = ({ height, width }: CellPool, axis: Axis, halves: 1 | 2): readonly number[] =>
  axis === "across" ? [(height * width) / 2, halves, -1] : [height / 2, halves, -1];

/** [height · width, anything] to [height/2 · width/2, anything]. */
export function poolCells(builder: ModelBuilder, pool: CellPool, values: string): string {
  const larger = (given: string, axis: Axis): string => {
    const pairs = builder.node("Reshape", [given, builder.ints(shapeOf(pool, axis, 2))]);
    const halves = halvesOf(pool, axis);
    builder.nodeOf("Split", [pairs, builder.ints([1, 1])], halves, { axis: 1 });
    return builder.node("Max", halves);
  };
  return larger(larger(values, "across"), "down");
}

/** After `poolCells`: its gradient by the values, given that by what it pooled. Of equal ones the first has it. */
export function unpoolCells(builder: ModelBuilder, pool: CellPool, gradient: string): string {
  const apart = (given: string, axis: Axis): string => {
    const whole = builder.node("Reshape", [given, builder.ints(shapeOf(pool, axis, 1))]);
    const isFirst = builder.node("GreaterOrEqual", halvesOf(pool, axis));
    const first = builder.node("Mul", [whole, builder.node("Cast", [isFirst], { to: DataType.FLOAT })]);
    return builder.node("Concat", [first, builder.node("Sub", [whole, first])], { axis: 1 });
  };
  return apart(apart(gradient, "down"), "across");
}
