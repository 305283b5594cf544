/**
 * @file A neural network as data: a short list of named layers in evaluation order. Each layer's output is a value
 * with the layer's name, so that every layer can be tapped; `taps` lists those that a figure shows, in depth order.
 *
 * Shapes are per example. Images are [channels, height, width]; `flatten` keeps that order. (TensorFlow flattens
 * [height, width, channels]: a permutation of the features, which changes no linear probe.)
 */
import { reject } from "@linear-probes/core";

export type Shape = readonly number[];

export type Initializer =
  | { readonly kind: "constant"; readonly value: number }
  /** Normal of the given standard deviation, redrawn beyond two of them (TensorFlow's truncated_normal). */
  | { readonly kind: "truncated-normal"; readonly std: number }
  /** Plain normal of standard deviation sqrt(2 / (fanIn + fanOut)) (Glorot & Bengio 2010, eq. 12's normal form). */
  | { readonly kind: "glorot-normal" }
  /** Plain normal of standard deviation sqrt(2 / fanIn), for layers that are rectified (He et al. 2015, eq. 10). */
  | { readonly kind: "he-normal" };

/** Height and width, or both at once. */
export type Kernel = number | readonly [height: number, width: number];

interface Named {
  readonly name: string;
}
interface OneInput extends Named {
  readonly from: string;
}
interface Weighted extends OneInput {
  readonly weights: Initializer;
  readonly bias: Initializer;
  /** Coefficient of (l2/2)(‖weights‖² + ‖bias‖²) in the training loss. */
  readonly l2?: number;
}

export type Layer =
  | (Named & { readonly kind: "input"; readonly shape: Shape })
  | (Weighted & { readonly kind: "dense"; readonly units: number })
  /** Odd kernel, zero padding: the output is as large as the input, or half of it with stride 2, which wants even sides. */
  | (Weighted & {
      readonly kind: "conv2d";
      readonly filters: number;
      readonly kernel: Kernel;
      readonly stride?: 1 | 2;
    })
  | (OneInput & { readonly kind: "relu" })
  | (OneInput & { readonly kind: "leaky-relu"; readonly slope: number })
  /** 2 × 2, stride 2; height and width must be even. The first of equal maxima takes the gradient. */
  | (OneInput & { readonly kind: "max-pool" })
  /** Mean over 3 × 3, stride 1, zeros beyond the edge counted with. */
  | (OneInput & { readonly kind: "avg-pool" })
  /** Mean of each channel. */
  | (OneInput & { readonly kind: "global-avg-pool" })
  | (OneInput & { readonly kind: "flatten" })
  /** Zeroes a fraction `rate` of its input in training and scales the rest by 1/(1 - rate); else the identity. */
  | (OneInput & { readonly kind: "dropout"; readonly rate: number })
  /** Along the first axis: features of vectors, channels of images. */
  | (Named & { readonly kind: "concat"; readonly from: readonly string[] });

export type Convolution = Extract<Layer, { kind: "conv2d" }>;

/** A softmax cross-entropy on the layer `logits`, times `weight` in the training loss. */
export interface Head {
  readonly logits: string;
  readonly weight: number;
}

export interface ParameterSpec {
  readonly name: string; // "conv1_preact/weights"
  /** dense [inputs, units], conv2d [filters, channels, kernel height, kernel width], bias [units]. */
  readonly shape: Shape;
  readonly initializer: Initializer;
  readonly fanIn: number;
  readonly fanOut: number;
  readonly l2: number;
}

export interface LayerGraph {
  readonly name: string;
  readonly layers: readonly Layer[];
  /** The last head is the model's answer; those before it are auxiliary. */
  readonly heads: readonly Head[];
  readonly taps: readonly string[];
  readonly classes: number;
  readonly input: string;
  readonly inputShape: Shape;
  /** The layer that gives the model's answer: the last head's logits. */
  readonly logits: string;
  readonly parameters: readonly ParameterSpec[];
  /** Shape of a layer's output. */
  shapeOf(layer: string): Shape;
  /** The layer of that name. */
  layer(name: string): Layer;
}

export interface LayerGraphParts {
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly heads: readonly Head[];
  readonly taps: readonly string[];
}

/** Checks the layers, and infers shapes and parameters. */
export function layerGraph({ name, layers, heads, taps }: LayerGraphParts): LayerGraph {
  const shapes = new Map<string, Shape>();
  const byName = new Map<string, Layer>();
  const parameters: ParameterSpec[] = [];
  const shapeOf = (layer: string): Shape =>
    shapes.get(layer) ?? reject(`graph ${name}`, "every layer must be named before it is used", layer);
  const layerOf = (layer: string): Layer =>
    byName.get(layer) ?? reject(`graph ${name}`, "layer must be one of the graph", layer);

  for (const layer of layers) {
    if (shapes.has(layer.name)) reject(`graph ${name}`, "layer names must differ", layer.name);
    const inputs = inputsOf(layer).map(shapeOf);
    shapes.set(layer.name, outputShape(layer, inputs));
    byName.set(layer.name, layer);
    if (layer.kind === "dense" || layer.kind === "conv2d") parameters.push(...parametersOf(layer, inputs[0] ?? []));
  }
  const first = layers[0];
  const last = heads.at(-1);
  if (first?.kind !== "input") reject(`graph ${name}`, "the first layer must be the input", first?.kind);
  if (layers.some((layer, i) => i > 0 && layer.kind === "input")) reject(`graph ${name}`, "one input only", "several");
  if (last === undefined) reject(`graph ${name}`, "must have a head", "none");
  const classes = size(shapeOf(last.logits));
  for (const head of heads) {
    const shape = shapeOf(head.logits);
    if (!(shape.length === 1 && shape[0] === classes))
      reject(`graph ${name}, head ${head.logits}`, `shape must be [${classes}]`, `[${shape.join()}]`);
    if (!(head.weight > 0)) reject(`graph ${name}, head ${head.logits}`, "weight must be positive", head.weight);
  }
  taps.forEach(layerOf);
  return {
    name,
    layers,
    heads,
    taps,
    classes,
    input: first.name,
    inputShape: first.shape,
    logits: last.logits,
    parameters,
    shapeOf,
    layer: layerOf,
  };
}

/** Names of the layers that a layer reads. */
export function inputsOf(layer: Layer): readonly string[] {
  if (layer.kind === "input") return [];
  return layer.kind === "concat" ? layer.from : [layer.from];
}

/** Height and width of a convolution's kernel. */
export function kernelOf({ kernel }: { readonly kernel: Kernel }): readonly [height: number, width: number] {
  return typeof kernel === "number" ? [kernel, kernel] : kernel;
}

/** Number of values in a shape. */
export function size(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** The layers needed to compute the ones named, in evaluation order. */
export function ancestors(graph: LayerGraph, names: Iterable<string>): readonly Layer[] {
  const wanted = new Set<string>();
  const visit = (name: string): void => {
    if (wanted.has(name)) return;
    wanted.add(name);
    inputsOf(graph.layer(name)).forEach(visit);
  };
  for (const name of names) visit(name);
  return graph.layers.filter((layer) => wanted.has(layer.name));
}

function outputShape(layer: Layer, inputs: readonly Shape[]): Shape {
  const [input = []] = inputs;
  const [channels = 0, height = 0, width = 0] = input;
  const rule = (holds: boolean, text: string): void => {
    if (!holds) reject(`layer ${layer.name}`, text, `[${input.join()}]`);
  };
  switch (layer.kind) {
    case "input":
      return layer.shape;
    case "dense":
      rule(input.length === 1, "dense needs a vector");
      return [layer.units];
    case "conv2d": {
      const { stride = 1 } = layer;
      rule(input.length === 3, "conv2d needs [channels, height, width]");
      rule(height % stride === 0 && width % stride === 0, "conv2d of stride 2 needs an image of even sides");
      for (const extent of kernelOf(layer))
        if (extent % 2 !== 1) reject(`layer ${layer.name}`, "kernel must be odd", extent);
      return [layer.filters, height / stride, width / stride];
    }
    case "max-pool":
      rule(input.length === 3 && height % 2 === 0 && width % 2 === 0, "max-pool needs an image of even sides");
      return [channels, height / 2, width / 2];
    case "avg-pool":
      rule(input.length === 3, "avg-pool needs an image");
      return input;
    case "global-avg-pool":
      rule(input.length === 3, "global-avg-pool needs an image");
      return [channels];
    case "flatten":
      return [size(input)];
    case "relu":
    case "dropout":
      return input;
    case "leaky-relu":
      // A positive slope keeps the sign, so that the gradient can be read off the output.
      if (!(layer.slope > 0 && layer.slope <= 1))
        reject(`layer ${layer.name}`, "slope must be positive and at most 1", layer.slope);
      return input;
    case "concat": {
      const rest = input.slice(1).join();
      rule(
        inputs.every((shape) => shape.length === input.length && shape.slice(1).join() === rest),
        "concat needs shapes that agree beyond the first axis",
      );
      return [inputs.reduce((sum, shape) => sum + (shape[0] ?? 0), 0), ...input.slice(1)];
    }
    default:
      return layer satisfies never;
  }
}

function parametersOf(layer: Extract<Layer, { kind: "dense" | "conv2d" }>, input: Shape): readonly ParameterSpec[] {
  const [channels = 0] = input;
  const dense = layer.kind === "dense";
  const [height, width] = dense ? [1, 1] : kernelOf(layer);
  const units = dense ? layer.units : layer.filters;
  const fanIn = channels * height * width;
  const fanOut = units * height * width;
  const shape = dense ? [fanIn, units] : [units, channels, height, width];
  const common = { fanIn, fanOut, l2: layer.l2 ?? 0 };
  return [
    { name: `${layer.name}/weights`, shape, initializer: layer.weights, ...common },
    { name: `${layer.name}/bias`, shape: [units], initializer: layer.bias, ...common },
  ];
}
