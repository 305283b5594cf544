/** @file The training loss of a layer graph in float64, written as naively as possible: the oracle of the engines. */
import { inputsOf, kernelOf, size } from "../../src/graph.ts";
import type { Layer, LayerGraph } from "../../src/graph.ts";
import type { Batch } from "../../src/engines/engine.ts";

export type Values = ReadonlyMap<string, Float64Array>;

/** Values of every layer for `rows` inputs, each [rows, ...shape]. */
export function referenceValues(graph: LayerGraph, parameters: Values, batch: Batch, rows: number): Values {
  const values = new Map<string, Float64Array>();
  for (const layer of graph.layers) {
    const [first = ""] = inputsOf(layer);
    const x = values.get(first) ?? new Float64Array();
    values.set(layer.name, evaluate(layer, graph, parameters, values, batch, x, rows));
  }
  return values;
}

/** Σ head weight · mean cross-entropy, and the same with the l2 term. */
export function referenceLoss(graph: LayerGraph, parameters: Values, batch: Batch): { loss: number; total: number } {
  const rows = batch.labels.length;
  const values = referenceValues(graph, parameters, batch, rows);
  let loss = 0;
  for (const { logits, weight } of graph.heads)
    batch.labels.forEach((label, row) => {
      const z = at(values, logits).subarray(row * graph.classes, (row + 1) * graph.classes);
      const max = Math.max(...z);
      loss += (weight / rows) * (max + Math.log(z.reduce((sum, v) => sum + Math.exp(v - max), 0)) - z[label]!);
    });
  const penalty = graph.parameters.reduce(
    (sum, { name, l2 }) => sum + (l2 / 2) * at(parameters, name).reduce((squares, w) => squares + w * w, 0),
    0,
  );
  return { loss, total: loss + penalty };
}

function at(values: Values, name: string): Float64Array {
  const found = values.get(name);
  if (found === undefined) throw new Error(`no value ${name}`);
  return found;
}

function evaluate(
  layer: Layer,
  graph: LayerGraph,
  parameters: Values,
  values: Values,
  batch: Batch,
  x: Float64Array,
  rows: number,
): Float64Array {
  const out = new Float64Array(rows * size(graph.shapeOf(layer.name)));
  switch (layer.kind) {
    case "input":
      return Float64Array.from(batch.inputs);
    case "relu":
      return x.map((v) => Math.max(0, v));
    case "leaky-relu":
      return x.map((v) => (v > 0 ? v : layer.slope * v));
    case "flatten":
      return x;
    case "dropout": {
      const mask = batch.masks.get(layer.name);
      return mask ? x.map((v, i) => v * mask[i]!) : x;
    }
    case "dense": {
      const [w, b] = [at(parameters, `${layer.name}/weights`), at(parameters, `${layer.name}/bias`)];
      const [inputs, units] = [x.length / rows, layer.units];
      return out.map((_, place) => {
        const [row, unit] = [Math.floor(place / units), place % units];
        let sum = b[unit]!;
        for (let i = 0; i < inputs; i++) sum += x[row * inputs + i]! * w[i * units + unit]!;
        return sum;
      });
    }
    case "conv2d": {
      const [w, b] = [at(parameters, `${layer.name}/weights`), at(parameters, `${layer.name}/bias`)];
      const [channels = 0, height = 0, width = 0] = graph.shapeOf(layer.from);
      const [kh, kw] = kernelOf(layer);
      const { stride = 1 } = layer;
      const [, lines = 0, columns = 0] = graph.shapeOf(layer.name);
      return out.map((_, place) => {
        const [column, line] = [place % columns, Math.floor(place / columns) % lines];
        const filter = Math.floor(place / (columns * lines)) % layer.filters;
        const row = Math.floor(place / (columns * lines * layer.filters));
        let sum = b[filter]!;
        for (let c = 0; c < channels; c++)
          for (let i = 0; i < kh; i++)
            for (let j = 0; j < kw; j++) {
              const [y, z] = [line * stride + i - (kh - 1) / 2, column * stride + j - (kw - 1) / 2];
              if (y < 0 || z < 0 || y >= height || z >= width) continue;
              const weight = w[((filter * channels + c) * kh + i) * kw + j]!;
              sum += x[((row * channels + c) * height + y) * width + z]! * weight;
            }
        return sum;
      });
    }
    case "avg-pool": {
      const [, height = 0, width = 0] = graph.shapeOf(layer.name);
      return out.map((_, place) => {
        const [column, line] = [place % width, Math.floor(place / width) % height];
        const plane = place - line * width - column;
        let sum = 0;
        for (let y = Math.max(0, line - 1); y <= Math.min(height - 1, line + 1); y++)
          for (let z = Math.max(0, column - 1); z <= Math.min(width - 1, column + 1); z++)
            sum += x[plane + y * width + z]!;
        return sum / 9;
      });
    }
    case "global-avg-pool": {
      const area = x.length / out.length;
      return out.map((_, plane) => x.subarray(plane * area, (plane + 1) * area).reduce((sum, v) => sum + v, 0) / area);
    }
    case "max-pool": {
      const [channels = 0, height = 0, width = 0] = graph.shapeOf(layer.name);
      return out.map((_, place) => {
        const [column, line] = [place % width, Math.floor(place / width) % height];
        const plane = Math.floor(place / (width * height)); // row · channels + channel
        const corner = (plane * height * 2 + line * 2) * width * 2 + column * 2;
        if (!(plane < rows * channels)) throw new Error("out of the image");
        return Math.max(x[corner]!, x[corner + 1]!, x[corner + width * 2]!, x[corner + width * 2 + 1]!);
      });
    }
    case "concat": {
      const parts = layer.from.map((name) => at(values, name));
      let offset = 0;
      const total = out.length / rows;
      for (const part of parts) {
        const extent = part.length / rows;
        for (let row = 0; row < rows; row++)
          out.set(part.subarray(row * extent, (row + 1) * extent), row * total + offset);
        offset += extent;
      }
      return out;
    }
    default:
      return layer satisfies never;
  }
}

/** The gradient of `total` by central differences: at all places, or at `count` of them spread evenly. */
export function finiteDifferences(
  graph: LayerGraph,
  parameters: Values,
  batch: Batch,
  name: string,
  count = Infinity,
): { readonly place: number; readonly slope: number }[] {
  const values = at(parameters, name).slice();
  const step = 1e-5;
  const places = Math.min(count, values.length);
  return Array.from({ length: places }, (_, i) => {
    const place = Math.floor((i * values.length) / places);
    const centre = values[place]!;
    const [up, down] = [centre + step, centre - step].map((moved) => {
      values[place] = moved;
      return referenceLoss(graph, new Map([...parameters, [name, values]]), batch).total;
    });
    values[place] = centre;
    return { place, slope: ((up ?? 0) - (down ?? 0)) / (2 * step) };
  });
}
