/** @file Layers as TensorFlow.js operations. Images are [rows, height, width, channels] here, as its kernels want. */
import type * as tfjs from "@tensorflow/tfjs-core";
import { ancestors } from "../../graph.ts";
import type { Layer, LayerGraph } from "../../graph.ts";
import type { Parameters } from "../../graph-parameters.ts";
import type { Tfjs } from "./load.ts";

type Tensors = ReadonlyMap<string, tfjs.Tensor>;

/** Values of the layers named and of those before them. Dropout applies where masks are given. */
export function evaluateLayers(
  tf: Tfjs,
  graph: LayerGraph,
  parameters: Tensors,
  input: tfjs.Tensor, // [rows, ...input shape]
  names: readonly string[],
  masks?: Parameters,
): Tensors {
  const values = new Map<string, tfjs.Tensor>();
  const conv = sameConvolution(tf);
  const evaluate = (layer: Layer): tfjs.Tensor => {
    const own = (name: string): tfjs.Tensor => found(parameters, `${layer.name}/${name}`);
    const x = layer.kind === "input" || layer.kind === "concat" ? input : found(values, layer.from);
    switch (layer.kind) {
      case "input":
        return x.rank === 4 ? tf.transpose(x, [0, 2, 3, 1]) : x;
      case "dense":
        return tf.add(tf.matMul(x, own("weights")), own("bias"));
      case "conv2d":
        return tf.add(conv(x, tf.transpose(own("weights"), [2, 3, 1, 0])), own("bias"));
      case "relu":
        return tf.relu(x);
      case "leaky-relu":
        return tf.leakyRelu(x, layer.slope);
      case "max-pool":
        return maxPool(tf, x);
      case "flatten":
        return tf.reshape(x.rank === 4 ? tf.transpose(x, [0, 3, 1, 2]) : x, [x.shape[0] ?? 0, -1]);
      case "dropout": {
        const mask = masks?.get(layer.name);
        return mask ? tf.mul(x, tf.tensor(mask, x.shape)) : x;
      }
      case "concat": {
        const parts = layer.from.map((name) => found(values, name));
        return tf.concat(parts, (parts[0]?.rank ?? 2) - 1);
      }
      default:
        return layer satisfies never;
    }
  };
  for (const layer of ancestors(graph, names)) values.set(layer.name, evaluate(layer));
  return values;
}

/** The greatest of four strided parts. (The wasm back end of tfjs 4.22 gave wrong gradients for its own pooling.) */
function maxPool(tf: Tfjs, x: tfjs.Tensor): tfjs.Tensor {
  const [rows, height, width, channels] = fourOf(x.shape);
  const lines = (rows * height) / 2;
  const cells = tf.reshape(x, [lines, 2, width / 2, 2, channels]);
  const part = (i: number, j: number): tfjs.Tensor =>
    tf.reshape(tf.slice(cells, [0, i, 0, j, 0], [lines, 1, width / 2, 1, channels]), [
      rows,
      height / 2,
      width / 2,
      channels,
    ]);
  return tf.maximum(tf.maximum(part(0, 0), part(0, 1)), tf.maximum(part(1, 0), part(1, 1)));
}

/** -factor · Σ targets · log softmax(logits). */
export function headLoss(tf: Tfjs, values: Tensors, logits: string, targets: tfjs.Tensor, factor: number): tfjs.Scalar {
  return tf.mul(tf.sum(tf.mul(tf.logSoftmax(found(values, logits)), targets)), -factor);
}

/**
 * Convolution x [n, h, w, c] * w [k, k, c, f] to the same size. Its gradients are spelt out, because the wasm back end
 * has no kernel for the gradient by w, and a slow one for that by x.
 */
function sameConvolution(tf: Tfjs): (x: tfjs.Tensor, w: tfjs.Tensor) => tfjs.Tensor {
  return tf.customGrad((...given: (tfjs.Tensor | tfjs.GradSaveFunc)[]) => {
    const [x, w, save] = given;
    if (!isTensor(x) || !isTensor(w) || typeof save !== "function")
      throw new Error("tfjs engine: a convolution needs two tensors");
    save([x, w]);
    const gradFunc = (dy: tfjs.Tensor, saved: tfjs.Tensor[]): tfjs.Tensor[] => {
      const [image = dy, kernel = dy] = saved;
      return [byInput(tf, dy, kernel), byKernel(tf, dy, image, kernel)];
    };
    return { value: convolve(tf, x, w), gradFunc };
  });
}

const isTensor = (value: tfjs.Tensor | tfjs.GradSaveFunc | undefined): value is tfjs.Tensor =>
  typeof value === "object";

const image = (tf: Tfjs, x: tfjs.Tensor): tfjs.Tensor4D => tf.reshape<tfjs.Rank.R4>(x, fourOf(x.shape));

const convolve = (tf: Tfjs, x: tfjs.Tensor, w: tfjs.Tensor): tfjs.Tensor =>
  tf.conv2d(image(tf, x), image(tf, w), 1, "same");

/** The convolution of dY with the kernel turned round, its channels and filters exchanged. */
const byInput = (tf: Tfjs, dy: tfjs.Tensor, w: tfjs.Tensor): tfjs.Tensor =>
  convolve(tf, dy, tf.transpose(tf.reverse(w, [0, 1]), [0, 1, 3, 2]));

/** One product of the shifted image with dY for each place in the kernel. */
function byKernel(tf: Tfjs, dy: tfjs.Tensor, x: tfjs.Tensor, w: tfjs.Tensor): tfjs.Tensor {
  const [kernel, , channels, filters] = fourOf(w.shape);
  const [rows, height, width] = fourOf(x.shape);
  const pad = (kernel - 1) / 2;
  const padded = tf.pad(x, [
    [0, 0],
    [pad, pad],
    [pad, pad],
    [0, 0],
  ]);
  const d = tf.reshape(dy, [-1, filters]);
  const products = Array.from({ length: kernel * kernel }, (_, place) => {
    const corner = [0, Math.floor(place / kernel), place % kernel, 0];
    const part = tf.reshape(tf.slice(padded, corner, [rows, height, width, channels]), [-1, channels]);
    return tf.matMul(part, d, true, false); // [channels, filters]
  });
  return tf.reshape(tf.concat(products, 0), w.shape);
}

function fourOf([a = 0, b = 0, c = 0, d = 0]: readonly number[]): [number, number, number, number] {
  return [a, b, c, d];
}

function found(values: Tensors, name: string): tfjs.Tensor {
  const value = values.get(name);
  if (value === undefined) throw new Error(`tfjs engine: no value ${name}`);
  return value;
}
