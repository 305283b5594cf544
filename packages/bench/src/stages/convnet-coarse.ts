/**
 * @file A tap of feature maps in fewer numbers: of every square of cells of a map their sum, over the root of their number.
 * A probe on those is one on all features whose weights are alike within each square: the same logits, the same norm, so
 * with the same l2 the same F. As neighbouring cells are much alike its optimum is near that of all features, and a pass
 * costs a fourth, or a sixteenth: where a fit on all features should start (the coarse grid of a nested iteration;
 * Brandt 1977; Nash 2000).
 */
import {
  type Features,
  labelled,
  type LabelledFeatures,
  type LinearProbe,
  reject,
  type WasmRuntime,
} from "@linear-probes/core";

/** Channels, height and width of a map, of which the features are the cells in that order. */
export type Maps = readonly [number, number, number];

export interface Coarse {
  readonly train: LabelledFeatures<"train">;
  readonly validation: LabelledFeatures<"validation">;
  /** The probe on all features that answers as `probe` does on these. */
  lift(probe: LinearProbe): LinearProbe;
  /** The probe on these whose `lift` is nearest to `probe`. */
  restrict(probe: LinearProbe): LinearProbe;
  release(): void;
}

/** A tap's features in squares of any side. */
export interface CoarseGrid {
  /** How many columns they leave; those at the far edges may be cut off. */
  columns(side: number): number;
  coarse(side: number): Coarse;
}

interface Rows {
  readonly train: LabelledFeatures<"train">;
  readonly validation: LabelledFeatures<"validation">;
}

/** Beyond, what lies in the kernels' own memory, which never shrinks, would be much of it. */
const LARGE_BYTES = 2 ** 29;

export function coarseGrid(runtime: WasmRuntime, rows: Rows, maps: Maps): CoarseGrid {
  const [channels, height, width] = maps;
  const { cols } = rows.train.features;
  if (channels * height * width !== cols) reject("maps", `must have ${cols} cells in all`, maps.join(" × "));
  return {
    columns: (side) => channels * Math.ceil(height / side) * Math.ceil(width / side),
    coarse: (side) => coarseFeatures(runtime, rows, maps, side),
  };
}

function coarseFeatures(runtime: WasmRuntime, rows: Rows, maps: Maps, side: number): Coarse {
  const groups = squares(maps, side);
  const { cols } = rows.train.features;
  const merged = (features: Features): Features => {
    const large = features.rows * groups.length * 4 > LARGE_BYTES;
    return runtime.mergedColumns(features, groups, large ? "buffer" : "memory");
  };
  const [train, validation] = [merged(rows.train.features), merged(rows.validation.features)];
  /** Each group's columns of all, and the group itself: what both probes' weights have to do with each other. */
  const each = (classes: number, pair: (fine: number, coarse: number, scale: number) => void): void => {
    for (let c = 0; c < classes; c++) {
      for (const [g, columns] of groups.entries()) {
        const scale = 1 / Math.sqrt(columns.length);
        for (const column of columns) pair(c * cols + column, c * groups.length + g, scale);
      }
    }
  };
  return {
    train: labelled("train", train, rows.train.labels, rows.train.classes),
    validation: labelled("validation", validation, rows.validation.labels, rows.validation.classes),
    lift({ classes, weights, bias }) {
      const lifted = new Float64Array(classes * cols);
      each(classes, (fine, coarse, scale) => (lifted[fine] = scale * weights[coarse]!));
      return { classes, cols, weights: lifted, bias };
    },
    restrict({ classes, weights, bias }) {
      const restricted = new Float64Array(classes * groups.length);
      each(classes, (fine, coarse, scale) => (restricted[coarse]! += scale * weights[fine]!));
      return { classes, cols: groups.length, weights: restricted, bias };
    },
    release: () => [train, validation].forEach((features) => features.release()),
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
