/**
 * @file A tap of feature maps in fewer numbers: of every square of cells of a map their sum, over the root of their number.
 * A probe on those is one on all features whose weights are alike within each square: the same logits, the same norm, so
 * with the same l2 the same F. As neighbouring cells are much alike its optimum is near that of all features, and a pass
 * over squares of four by four costs a sixteenth: where a fit on all features should start (the coarse grid of a nested
 * iteration; Brandt 1977; Nash 2000).
 */
import { labelled, type LabelledFeatures, type LinearProbe, reject, type WasmRuntime } from "@linear-probes/core";

/** Channels, height and width of a map, of which the features are the cells in that order. */
export type Maps = readonly [number, number, number];

export interface Coarse {
  readonly train: LabelledFeatures<"train">;
  readonly validation: LabelledFeatures<"validation">;
  /** The probe on all features that answers as `probe` does on these. */
  lift(probe: LinearProbe): LinearProbe;
  release(): void;
}

/** The features of all rows in squares of `side` cells; those at the far edges may be cut off. */
export function coarseFeatures(
  runtime: WasmRuntime,
  { train, validation }: Pick<Coarse, "train" | "validation">,
  maps: Maps,
  side: number,
): Coarse {
  const groups = squares(maps, side);
  const { cols } = train.features;
  if (maps[0] * maps[1] * maps[2] !== cols) reject("maps", `must have ${cols} cells in all`, maps.join(" × "));
  const merged = <Role extends "train" | "validation">(rows: LabelledFeatures<Role>): LabelledFeatures<Role> =>
    labelled(rows.role, runtime.mergedColumns(rows.features, groups), rows.labels, rows.classes);
  const coarse = { train: merged(train), validation: merged(validation) };
  return {
    ...coarse,
    lift({ classes, weights, bias }) {
      const lifted = new Float64Array(classes * cols);
      for (let c = 0; c < classes; c++) {
        for (const [g, columns] of groups.entries()) {
          const weight = weights[c * groups.length + g]! / Math.sqrt(columns.length);
          for (const column of columns) lifted[c * cols + column] = weight;
        }
      }
      return { classes, cols, weights: lifted, bias };
    },
    release: () => Object.values(coarse).forEach(({ features }) => features.release()),
  };
}

/** The columns of each square, channel by channel, row by row. */
function squares([channels, height, width]: Maps, side: number): Int32Array[] {
  const groups: Int32Array[] = [];
  for (let channel = 0; channel < channels; channel++) {
    for (let top = 0; top < height; top += side) {
      for (let left = 0; left < width; left += side) {
        const cells: number[] = [];
        for (let y = top; y < Math.min(top + side, height); y++) {
          for (let x = left; x < Math.min(left + side, width); x++) cells.push((channel * height + y) * width + x);
        }
        groups.push(Int32Array.from(cells));
      }
    }
  }
  return groups;
}
