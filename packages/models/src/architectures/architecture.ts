/** @file What an architecture is: a layer graph, with the training that its authors gave it. */
import { reject } from "@linear-probes/core";
import { size } from "../graph.ts";
import type { LayerGraph } from "../graph.ts";
import type { TrainingSpec } from "../training.ts";

export interface Architecture {
  readonly name: string; // = file name = CLI name
  readonly source: string; // author, year, place
  /** How raw pixels 0..255 become inputs: (pixel - shift) / scale. */
  readonly pixels: { readonly shift: number; readonly scale: number };
  /** Rows at the start of the training set that are not trained on. */
  readonly heldOut: number;
  build(): LayerGraph;
  readonly training: TrainingSpec;
}

/**
 * Inputs of a graph from rows of a dataset: pixels scaled as the architecture says, images turned from
 * [height, width, channels] to [channels, height, width]. `rows` [from, to); all when absent.
 */
export function graphInputs(
  architecture: Pick<Architecture, "name" | "pixels">,
  inputs: Uint8Array | Float32Array | Int32Array,
  shape: readonly number[], // of one row of `inputs`
  [from, to]: readonly [number, number] = [0, inputs.length / size(shape)],
): Float32Array {
  const width = size(shape);
  if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to * width <= inputs.length))
    reject(`${architecture.name} inputs`, `rows must lie in 0..${inputs.length / width}`, `${from}..${to}`);
  const { shift, scale } = architecture.pixels;
  const out = new Float32Array((to - from) * width);
  const channels = shape.length === 3 ? (shape[2] ?? 1) : 1;
  const places = width / channels;
  for (let row = 0; row < to - from; row++) {
    const [source, target] = [(from + row) * width, row * width];
    for (let place = 0; place < places; place++)
      for (let channel = 0; channel < channels; channel++)
        out[target + channel * places + place] = (inputs[source + place * channels + channel]! - shift) / scale;
  }
  return out;
}
