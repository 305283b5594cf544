/**
 * @file Inception v3 as an ONNX model: 299 × 299, with the auxiliary head (Szegedy et al. 2016, "Rethinking the Inception
 * architecture", table 1 and figures 5–8; names and sizes as in TF-slim's inception_v3.py). Weights are seeded (He et al.
 * 2015, fan-in) or given; batch normalisation is at its initial state unless given. torchvision's state dict comes in by
 * inception-v3-torchvision.ts; docs/import.md says how to get one.
 */
import { reject } from "@linear-probes/core";
import type { Stream } from "@linear-probes/core";
import type { NodeProto, TensorProto } from "onnx-buf";
import { graph, modelBytes, node, tensor, valueInfo } from "../onnx/build.ts";

export interface InceptionV3Options {
  /** That weights are drawn from which are not given. */
  readonly stream?: Stream;
  readonly classes?: number; // default 1000
  /** Trained parameters by ONNX initializer name; every one that is used must be there. */
  readonly weights?: ReadonlyMap<string, Float32Array>;
  /**
   * Whose network it is, where implementations differ. `torchvision` counts the zeros that pad an averaged image, and
   * begins by turning images that are normalised as ImageNet's into [-1, 1]. Default `tf-slim`, which does neither.
   */
  readonly flavour?: "tf-slim" | "torchvision";
  /** Default true. */
  readonly auxiliary?: boolean;
}

/** Bytes of the model: input "images" [N, 3, 299, 299]; outputs "InceptionV3/Logits" and "InceptionV3/AuxLogits/Logits". */
export function inceptionV3(options: InceptionV3Options): Uint8Array<ArrayBuffer> {
  const { classes = 1000, auxiliary = true } = options;
  const net = new Builder(options);
  const mixed6e = trunk17(net, trunk35(net, stem(net)));
  const heads = auxiliary ? [auxiliaryHead(net, mixed6e, classes)] : [];
  const mixed7c = trunk8(net, mixed6e);
  const pooled = net.pool("Logits/AvgPool_1a_8x8", "AveragePool", mixed7c, 8, 1, 0);
  const logits = net.dense("Logits", pooled, classes);
  return modelBytes(
    graph({
      name: "InceptionV3",
      nodes: net.nodes,
      inputs: [valueInfo("images", ["N", 3, 299, 299])],
      outputs: [logits, ...heads].map((name) => valueInfo(name, ["N", classes])),
      initializers: net.parameters,
    }),
    { opset: 17 },
  );
}

/** A tensor in the making: its name and number of channels. */
interface Value {
  readonly name: string;
  readonly channels: number;
}

type Kernel = readonly [height: number, width: number];
interface Convolution {
  readonly kernel: Kernel;
  readonly stride?: number;
  readonly padded?: boolean; // default true: as large out as in
}

/** 299 → 35: five convolutions and two pools. */
function stem(net: Builder): Value {
  let x = net.input("images");
  x = net.conv("Conv2d_1a_3x3", x, 32, { kernel: [3, 3], stride: 2, padded: false }); // 149
  x = net.conv("Conv2d_2a_3x3", x, 32, { kernel: [3, 3], padded: false }); // 147
  x = net.conv("Conv2d_2b_3x3", x, 64, { kernel: [3, 3] });
  x = net.pool("MaxPool_3a_3x3", "MaxPool", x, 3, 2, 0); // 73
  x = net.conv("Conv2d_3b_1x1", x, 80, { kernel: [1, 1] });
  x = net.conv("Conv2d_4a_3x3", x, 192, { kernel: [3, 3], padded: false }); // 71
  return net.pool("MaxPool_5a_3x3", "MaxPool", x, 3, 2, 0); // 35
}

/** Three blocks at 35 × 35 (figure 5). */
function trunk35(net: Builder, start: Value): Value {
  let x = start;
  for (const [block, pooled] of [
    ["Mixed_5b", 32],
    ["Mixed_5c", 64],
    ["Mixed_5d", 64],
  ] as const) {
    x = net.concat(block, [
      net.chain(`${block}/Branch_0`, x, [[64, [1, 1]]]),
      net.chain(`${block}/Branch_1`, x, [
        [48, [1, 1]],
        [64, [5, 5]],
      ]),
      net.chain(`${block}/Branch_2`, x, [
        [64, [1, 1]],
        [96, [3, 3]],
        [96, [3, 3]],
      ]),
      net.chain(`${block}/Branch_3`, net.pool(`${block}/Branch_3/AvgPool_0a_3x3`, "AveragePool", x, 3, 1, 1), [
        [pooled, [1, 1]],
      ]),
    ]);
  }
  return x;
}

/** 35 → 17, then four blocks with factorised 7 × 7 kernels (figure 6). */
function trunk17(net: Builder, start: Value): Value {
  let x = net.concat("Mixed_6a", [
    net.conv("Mixed_6a/Branch_0/Conv2d_1a_1x1", start, 384, { kernel: [3, 3], stride: 2, padded: false }),
    net.conv(
      "Mixed_6a/Branch_1/Conv2d_1a_1x1",
      net.chain("Mixed_6a/Branch_1", start, [
        [64, [1, 1]],
        [96, [3, 3]],
      ]),
      96,
      { kernel: [3, 3], stride: 2, padded: false },
    ),
    net.pool("Mixed_6a/Branch_2/MaxPool_1a_3x3", "MaxPool", start, 3, 2, 0),
  ]);
  for (const [block, narrow] of [
    ["Mixed_6b", 128],
    ["Mixed_6c", 160],
    ["Mixed_6d", 160],
    ["Mixed_6e", 192],
  ] as const) {
    x = net.concat(block, [
      net.chain(`${block}/Branch_0`, x, [[192, [1, 1]]]),
      net.chain(`${block}/Branch_1`, x, [
        [narrow, [1, 1]],
        [narrow, [1, 7]],
        [192, [7, 1]],
      ]),
      net.chain(`${block}/Branch_2`, x, [
        [narrow, [1, 1]],
        [narrow, [7, 1]],
        [narrow, [1, 7]],
        [narrow, [7, 1]],
        [192, [1, 7]],
      ]),
      net.chain(`${block}/Branch_3`, net.pool(`${block}/Branch_3/AvgPool_0a_3x3`, "AveragePool", x, 3, 1, 1), [
        [192, [1, 1]],
      ]),
    ]);
  }
  return x;
}

/** 17 → 8, then two blocks that fan out (figure 7). */
function trunk8(net: Builder, start: Value): Value {
  const last: Convolution = { kernel: [3, 3], stride: 2, padded: false };
  let x = net.concat("Mixed_7a", [
    net.conv("Mixed_7a/Branch_0/Conv2d_1a_3x3", net.chain("Mixed_7a/Branch_0", start, [[192, [1, 1]]]), 320, last),
    net.conv(
      "Mixed_7a/Branch_1/Conv2d_1a_3x3",
      net.chain("Mixed_7a/Branch_1", start, [
        [192, [1, 1]],
        [192, [1, 7]],
        [192, [7, 1]],
      ]),
      192,
      last,
    ),
    net.pool("Mixed_7a/Branch_2/MaxPool_1a_3x3", "MaxPool", start, 3, 2, 0),
  ]);
  for (const block of ["Mixed_7b", "Mixed_7c"]) {
    const fan = (branch: string, from: Value): Value =>
      net.concat(branch, [
        net.conv(`${branch}/Conv2d_0b_1x3`, from, 384, { kernel: [1, 3] }),
        net.conv(`${branch}/Conv2d_0c_3x1`, from, 384, { kernel: [3, 1] }),
      ]);
    x = net.concat(block, [
      net.chain(`${block}/Branch_0`, x, [[320, [1, 1]]]),
      fan(`${block}/Branch_1`, net.chain(`${block}/Branch_1`, x, [[384, [1, 1]]])),
      fan(
        `${block}/Branch_2`,
        net.chain(`${block}/Branch_2`, x, [
          [448, [1, 1]],
          [384, [3, 3]],
        ]),
      ),
      net.chain(`${block}/Branch_3`, net.pool(`${block}/Branch_3/AvgPool_0a_3x3`, "AveragePool", x, 3, 1, 1), [
        [192, [1, 1]],
      ]),
    ]);
  }
  return x;
}

/** The side classifier on the last 17 × 17 grid (figure 8). */
function auxiliaryHead(net: Builder, from: Value, classes: number): string {
  let x = net.pool("AuxLogits/AvgPool_1a_5x5", "AveragePool", from, 5, 3, 0); // 5
  x = net.conv("AuxLogits/Conv2d_1b_1x1", x, 128, { kernel: [1, 1] });
  x = net.conv("AuxLogits/Conv2d_2a_5x5", x, 768, { kernel: [5, 5], padded: false }); // 1
  return net.dense("AuxLogits/Logits", x, classes);
}

/** Writes nodes and parameters under the names of TF-slim. */
class Builder {
  readonly nodes: NodeProto[] = [];
  readonly parameters: TensorProto[] = [];
  private readonly options: InceptionV3Options;
  private readonly torchvision: boolean;

  constructor(options: InceptionV3Options) {
    this.options = options;
    this.torchvision = options.flavour === "torchvision";
  }

  /** The images, in [-1, 1]. */
  input(name: string): Value {
    if (!this.torchvision) return { name, channels: 3 };
    const path = "InceptionV3/transform_input";
    const [scaled, moved] = [`${path}/scaled`, `${path}/moved`];
    const scale = [0.229, 0.224, 0.225].map((std) => std / 0.5);
    const shift = [0.485, 0.456, 0.406].map((mean) => (mean - 0.5) / 0.5);
    this.parameters.push(
      tensor(`${path}/scale`, [3, 1, 1], Float32Array.from(scale)),
      tensor(`${path}/shift`, [3, 1, 1], Float32Array.from(shift)),
    );
    this.nodes.push(
      node("Mul", [name, `${path}/scale`], [scaled], { name: scaled }),
      node("Add", [scaled, `${path}/shift`], [moved], { name: moved }),
    );
    return { name: moved, channels: 3 };
  }

  /** Convolution without bias, batch normalisation without scale (as slim trains it), ReLU. */
  conv(scope: string, x: Value, channels: number, { kernel, stride = 1, padded = true }: Convolution): Value {
    const path = `InceptionV3/${scope}`;
    const fanIn = x.channels * kernel[0] * kernel[1];
    this.normal(`${path}/weights`, [channels, x.channels, ...kernel], Math.sqrt(2 / fanIn));
    const statistics = [
      this.constant(`${path}/BatchNorm/gamma`, channels, 1),
      this.constant(`${path}/BatchNorm/beta`, channels, 0),
      this.constant(`${path}/BatchNorm/moving_mean`, channels, 0),
      this.constant(`${path}/BatchNorm/moving_variance`, channels, 1),
    ];
    const [h, w] = padded ? [(kernel[0] - 1) / 2, (kernel[1] - 1) / 2] : [0, 0];
    const attributes = { kernel_shape: kernel, strides: [stride, stride], pads: [h, w, h, w] };
    this.nodes.push(
      node("Conv", [x.name, `${path}/weights`], [`${path}/Conv2D`], { name: `${path}/Conv2D`, attributes }),
      node("BatchNormalization", [`${path}/Conv2D`, ...statistics], [`${path}/BatchNorm`], {
        name: `${path}/BatchNorm`,
        attributes: { epsilon: 1e-3 },
      }),
      node("Relu", [`${path}/BatchNorm`], [`${path}/Relu`], { name: `${path}/Relu` }),
    );
    return { name: `${path}/Relu`, channels };
  }

  /** Padded convolutions one after the other, named as slim does: Conv2d_0a_1x1, Conv2d_0b_3x3, … */
  chain(branch: string, x: Value, layers: readonly (readonly [channels: number, kernel: Kernel])[]): Value {
    return layers.reduce(
      (from, [channels, kernel], i) =>
        this.conv(`${branch}/Conv2d_0${"abcde"[i] ?? ""}_${kernel.join("x")}`, from, channels, { kernel }),
      x,
    );
  }

  pool(scope: string, opType: "MaxPool" | "AveragePool", x: Value, size: number, stride: number, pad: number): Value {
    const name = `InceptionV3/${scope}`;
    // Padded averages count only the pixels that exist, as TensorFlow does: ONNX's default.
    const counted = this.torchvision && opType === "AveragePool" && pad > 0;
    this.nodes.push(
      node(opType, [x.name], [name], {
        name,
        attributes: {
          kernel_shape: [size, size],
          strides: [stride, stride],
          pads: [pad, pad, pad, pad],
          ...(counted && { count_include_pad: 1 }),
        },
      }),
    );
    return { name, channels: x.channels };
  }

  concat(block: string, branches: readonly Value[]): Value {
    const name = `InceptionV3/${block}/concat`;
    this.nodes.push(
      node(
        "Concat",
        branches.map((branch) => branch.name),
        [name],
        { name, attributes: { axis: 1 } },
      ),
    );
    return { name, channels: branches.reduce((total, { channels }) => total + channels, 0) };
  }

  /** Flatten and a dense layer; returns the tensor's name. */
  dense(scope: string, x: Value, units: number): string {
    const path = `InceptionV3/${scope}`;
    this.normal(`${path}/weights`, [x.channels, units], Math.sqrt(1 / x.channels));
    const bias = this.constant(`${path}/biases`, units, 0);
    this.nodes.push(
      node("Flatten", [x.name], [`${path}/Flatten`], { name: `${path}/Flatten` }),
      node("Gemm", [`${path}/Flatten`, `${path}/weights`, bias], [path], { name: path }),
    );
    return path;
  }

  private normal(name: string, dims: readonly number[], std: number): void {
    const count = dims.reduce((total, dim) => total * dim, 1);
    this.parameters.push(tensor(name, dims, this.given(name, count) ?? this.drawn(name, count, std)));
  }

  private constant(name: string, count: number, value: number): string {
    this.parameters.push(tensor(name, [count], this.given(name, count) ?? new Float32Array(count).fill(value)));
    return name;
  }

  private given(name: string, count: number): Float32Array | undefined {
    if (!this.options.weights) return undefined;
    const values = this.options.weights.get(name);
    if (values?.length !== count)
      return reject(`inception-v3: weights "${name}"`, `must be ${count} values`, values?.length ?? "nothing");
    return values;
  }

  private drawn(name: string, count: number, std: number): Float32Array {
    const { stream } = this.options;
    if (stream === undefined)
      return reject("inception-v3", "needs a stream to draw weights from, or weights", "neither");
    const values = new Float32Array(count);
    stream.split(name).fillNormal(values);
    for (let i = 0; i < count; i++) values[i]! *= std;
    return values;
  }
}
