/**
 * @file Taps that are an affine map of the input, x = A u + c with more features than pixels: conv1_preact has 25,088
 * for 784. There a probe loses nothing in 784 numbers z that lie as the features do, zᵀz' = (Au)ᵀ(Au'): with
 * AᵀA = L Lᵀ, z = Lᵀu. By the representer theorem the optimal W is A V' and ‖W‖ = ‖LᵀV'‖, so that
 *
 *   F on z at V = LᵀV'  =  F on x at W = A L⁻ᵀ V,  b_x = b_z - Wᵀc,
 *
 * with the same l2, and the optima correspond. What is found on z is lifted to x and certified there, on all features.
 */
import {
  choleskyFactor,
  choleskySolve,
  type Features,
  labelled,
  type LabelledFeatures,
  type LinearProbe,
  matrixFeatures,
  reject,
  type Runtime,
  type WasmRuntime,
} from "@linear-probes/core";
import { inputRows, mnistConvnet, type Parameters, size, streamActivations } from "@linear-probes/models";
import type { ForwardOptions } from "./convnet-activations.ts";
import type { Digits, RowSettings } from "./convnet-data.ts";

export interface Reduced {
  readonly train: LabelledFeatures<"train">;
  readonly validation: LabelledFeatures<"validation">;
  /** The probe on x that answers as `probe` does on z. */
  lift(probe: LinearProbe): LinearProbe;
  release(): void;
}

const graph = mnistConvnet.build();

/** Added to the diagonal of AᵀA, relative to its mean: float32 leaves that much undecided. */
const RIDGE = 1e-9;

/** Whether the tap is an affine map of fewer inputs. */
export function reducible(tap: string): boolean {
  const layer = graph.layers.find(({ name }) => name === tap);
  const affine = layer?.kind === "conv2d" || layer?.kind === "dense";
  return affine && layer.from === graph.input && size(graph.shapeOf(tap)) > size(graph.inputShape);
}

/** z of the training and validation images. */
export async function reducedFeatures(
  runtime: WasmRuntime,
  parameters: Parameters,
  digits: Digits,
  { train, validation }: RowSettings,
  tap: string,
  options: ForwardOptions,
): Promise<Reduced> {
  const { width, classes } = digits;
  const map = await affineMap(parameters, width, tap, options);
  const square = innerProducts(runtime, map, width);
  const factor = choleskyFactor(square, width) ?? reject(tap, "its map must have full rank", "a singular one");
  const turned = (from: number, to: number): Features => {
    const pixels = pixelFeatures(runtime, digits, from, to);
    const z = runtime.denseLeakyRelu(pixels, Float32Array.from(factor), width, 1); // slope 1: a product and no more
    pixels.release();
    return z;
  };
  const [first, rest] = [turned(0, validation), turned(validation, train)];
  const labels = digits.labels.train;
  return {
    validation: labelled("validation", first, labels.subarray(0, validation), classes),
    train: labelled("train", rest, labels.subarray(validation, train), classes),
    lift: (probe) => lift(probe, factor, map),
    release: () => [first, rest].forEach((features) => features.release()),
  };
}

/**
 * Tells the runtime that the tap's training features are a convolution of the images, where they are: minibatches then cost
 * a fifth. Returns the images' release.
 */
export function knowConvolution(
  runtime: WasmRuntime,
  parameters: Parameters,
  digits: Digits,
  { train, validation }: RowSettings,
  tap: string,
  features: Features,
): () => void {
  const [channels, height = 0, width = 0] = graph.inputShape;
  const layer = graph.layers.find(({ name }) => name === tap);
  if (!reducible(tap) || layer?.kind !== "conv2d" || channels !== 1) return () => {};
  const [kernels, bias] = [`${tap}/weights`, `${tap}/bias`].map((name) => parameters.get(name));
  if (kernels === undefined || bias === undefined) return reject("parameters", `must hold those of ${tap}`, "none");
  const pixels = pixelFeatures(runtime, digits, validation, train);
  runtime.knowConvolution(features, { inputs: pixels, height, width, kernels, bias });
  return () => pixels.release();
}

/** The images from one row to another. */
function pixelFeatures(runtime: Runtime, { inputs, width }: Digits, from: number, to: number): Features {
  const values = inputs.subarray(from * width, to * width);
  return matrixFeatures(runtime, { values, rows: to - from, cols: width, name: "pixels" });
}

interface AffineMap {
  readonly columns: Float32Array; // Aᵀ [inputs, features]
  readonly constant: Float32Array; // c [features]
}

/** The map's values at zero and at each unit vector. */
async function affineMap(
  parameters: Parameters,
  width: number,
  tap: string,
  { threads }: ForwardOptions,
): Promise<AffineMap> {
  const cols = size(graph.shapeOf(tap));
  const inputs = new Float32Array((width + 1) * width);
  for (let j = 0; j < width; j++) inputs[(j + 1) * width + j] = 1;
  const values = new Float32Array((width + 1) * cols);
  const sink = { write: (row: number, block: Float32Array) => values.set(block, row * cols) };
  await streamActivations(graph, parameters, inputRows(inputs, width + 1), new Map([[tap, sink]]), { threads });
  const constant = values.slice(0, cols);
  const columns = values.subarray(cols);
  for (let at = 0; at < columns.length; at++) columns[at]! -= constant[at % cols]!;
  return { columns, constant };
}

/** AᵀA [inputs, inputs]. */
function innerProducts(runtime: Runtime, { columns, constant }: AffineMap, width: number): Float64Array {
  const cols = constant.length;
  const rows = new Float32Array(columns.length); // A [features, inputs]
  for (let j = 0; j < width; j++) for (let f = 0; f < cols; f++) rows[f * width + j] = columns[j * cols + f]!;
  const a = matrixFeatures(runtime, { values: rows, rows: cols, cols: width, name: "affine map" });
  const square = runtime.bind(a, { labels: new Int32Array(cols), classes: 2 }).gram();
  a.release();
  let trace = 0;
  for (let j = 0; j < width; j++) trace += square[j * (width + 1)]!;
  for (let j = 0; j < width; j++) square[j * (width + 1)]! += (RIDGE * trace) / width;
  return square.map((value) => value * cols);
}

function lift({ classes, weights, bias }: LinearProbe, factor: Float64Array, map: AffineMap): LinearProbe {
  const { columns, constant } = map;
  const cols = constant.length;
  const width = columns.length / cols;
  const lifted = new Float64Array(classes * cols);
  const liftedBias = bias.slice();
  for (let c = 0; c < classes; c++) {
    const v = weights.subarray(c * width, (c + 1) * width);
    const turned = new Float64Array(width); // L v, so that (L Lᵀ)⁻¹ L v = L⁻ᵀ v
    for (let i = 0; i < width; i++) for (let j = 0; j <= i; j++) turned[i]! += factor[i * width + j]! * v[j]!;
    const u = choleskySolve(factor, width, turned);
    const own = lifted.subarray(c * cols, (c + 1) * cols);
    for (let j = 0; j < width; j++) for (let f = 0; f < cols; f++) own[f]! += u[j]! * columns[j * cols + f]!;
    for (let f = 0; f < cols; f++) liftedBias[c]! -= own[f]! * constant[f]!;
  }
  return { classes, cols, weights: lifted, bias: liftedBias };
}
