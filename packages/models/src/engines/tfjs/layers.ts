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
  const [multiply, convolve] = [product(tf), sameConvolution(tf)];
  const evaluate = (layer: Layer): tfjs.Tensor => {
    const own = (name: string): tfjs.Tensor => found(parameters, `${layer.name}/${name}`);
    const x = layer.kind === "input" || layer.kind === "concat" ? input : found(values, layer.from);
    switch (layer.kind) {
      case "input":
        return x.rank === 4 ? tf.transpose(x, [0, 2, 3, 1]) : x;
      case "dense":
        return tf.add(multiply(x, own("weights")), own("bias"));
      case "conv2d": {
        const dense = convolve(x, tf.transpose(own("weights"), [2, 3, 1, 0]));
        return tf.add(layer.stride === 2 ? quarter(tf, dense)(0, 0) : dense, own("bias"));
      }
      case "relu":
        return tf.relu(x);
      case "leaky-relu":
        return tf.leakyRelu(x, layer.slope);
      case "max-pool":
        return maxPool(tf, x);
      case "avg-pool":
        return neighbourMean(tf, x);
      case "global-avg-pool":
        return tf.mean(x, [1, 2]);
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

/** Every second line and column, from line i and column j on. */
function quarter(tf: Tfjs, x: tfjs.Tensor): (i: number, j: number) => tfjs.Tensor {
  const [rows, height, width, channels] = fourOf(x.shape);
  const lines = (rows * height) / 2;
  const cells = tf.reshape(x, [lines, 2, width / 2, 2 * channels]); // of rank 4: slices of rank 5 are slow
  return (i, j) =>
    tf.reshape(tf.slice(cells, [0, i, 0, j * channels], [lines, 1, width / 2, channels]), [
      rows,
      height / 2,
      width / 2,
      channels,
    ]);
}

/** The greatest of four strided parts. (The wasm back end of tfjs 4.22 gave wrong gradients for its own pooling.) */
function maxPool(tf: Tfjs, x: tfjs.Tensor): tfjs.Tensor {
  const part = quarter(tf, x);
  return tf.maximum(tf.maximum(part(0, 0), part(0, 1)), tf.maximum(part(1, 0), part(1, 1)));
}

/** Mean over 3 × 3 with zeros beyond the edge: sums of three shifts in height, then in width. */
function neighbourMean(tf: Tfjs, x: tfjs.Tensor): tfjs.Tensor {
  const [, height, width] = fourOf(x.shape);
  const ofThree = (value: tfjs.Tensor, axis: 1 | 2, extent: number): tfjs.Tensor => {
    const edge = (at: number): [number, number] => (at === axis ? [1, 1] : [0, 0]);
    const padded = tf.pad(value, [edge(0), edge(1), edge(2), edge(3)]);
    const shift = (start: number): tfjs.Tensor => {
      const size = [...value.shape];
      size[axis] = extent;
      return tf.slice(
        padded,
        [0, 1, 2, 3].map((at) => (at === axis ? start : 0)),
        size,
      );
    };
    return tf.add(tf.add(shift(0), shift(1)), shift(2));
  };
  return tf.mul(ofThree(ofThree(x, 1, height), 2, width), 1 / 9);
}

/** -factor · Σ targets · log softmax(logits). */
export function headLoss(tf: Tfjs, values: Tensors, logits: string, targets: tfjs.Tensor, factor: number): tfjs.Scalar {
  return tf.mul(tf.sum(tf.mul(tf.logSoftmax(found(values, logits)), targets)), -factor);
}

type Binary = (x: tfjs.Tensor, w: tfjs.Tensor) => tfjs.Tensor;

/** An operation on two tensors with gradients of its own, where those that tfjs registers are missing or slow in wasm. */
function withGradients(
  tf: Tfjs,
  value: Binary,
  byX: (dy: tfjs.Tensor, w: tfjs.Tensor) => tfjs.Tensor,
  byW: (dy: tfjs.Tensor, x: tfjs.Tensor, w: tfjs.Tensor) => tfjs.Tensor,
): Binary {
  return tf.customGrad((...given: (tfjs.Tensor | tfjs.GradSaveFunc)[]) => {
    const [x, w, save] = given;
    if (!isTensor(x) || !isTensor(w) || typeof save !== "function")
      throw new Error("tfjs engine: the operation needs two tensors");
    save([x, w]);
    const gradFunc = (dy: tfjs.Tensor, [savedX = dy, savedW = dy]: tfjs.Tensor[]): tfjs.Tensor[] => [
      byX(dy, savedW),
      byW(dy, savedX, savedW),
    ];
    return { value: value(x, w), gradFunc };
  });
}

/** Matrix product; transposing first is several times quicker in wasm than products of transposed matrices. */
const product = (tf: Tfjs): Binary =>
  withGradients(
    tf,
    (x, w) => tf.matMul(x, w),
    (dy, w) => tf.matMul(dy, tf.transpose(w)),
    (dy, x) => tf.matMul(tf.transpose(x), dy),
  );

/**
 * Convolution x [n, h, w, c] * w [kh, kw, c, f] to the same size. The gradient by x is the convolution of dY with the
 * kernel turned round; that by w the convolution of x with dY, rows and channels exchanged.
 */
const sameConvolution = (tf: Tfjs): Binary =>
  withGradients(
    tf,
    (x, w) => tf.conv2d(image(tf, x), image(tf, w), 1, "same"),
    (dy, w) => tf.conv2d(image(tf, dy), image(tf, tf.transpose(tf.reverse(w, [0, 1]), [0, 1, 3, 2])), 1, "same"),
    (dy, x, w) => {
      const exchanged = tf.conv2d(
        image(tf, tf.transpose(x, [3, 1, 2, 0])), // [c, h, w, n]
        image(tf, tf.transpose(dy, [1, 2, 0, 3])), // [h, w, n, f]
        1,
        [[0, 0], around(w.shape[0]), around(w.shape[1]), [0, 0]],
      );
      return tf.transpose(exchanged, [1, 2, 0, 3]);
    },
  );

const around = (extent = 1): [number, number] => [(extent - 1) / 2, (extent - 1) / 2];

const isTensor = (value: tfjs.Tensor | tfjs.GradSaveFunc | undefined): value is tfjs.Tensor =>
  typeof value === "object";

const image = (tf: Tfjs, x: tfjs.Tensor): tfjs.Tensor4D => tf.reshape<tfjs.Rank.R4>(x, fourOf(x.shape));

function fourOf([a = 0, b = 0, c = 0, d = 0]: readonly number[]): [number, number, number, number] {
  return [a, b, c, d];
}

function found(values: Tensors, name: string): tfjs.Tensor {
  const value = values.get(name);
  if (value === undefined) throw new Error(`tfjs engine: no value ${name}`);
  return value;
}
