/**
 * @file The conformance set: one small ONNX model for each thing a foreign file may contain, with seeded weights, the
 * taps expected of it in depth order, and those that must be refused.
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { rootStream } from "@linear-probes/core";
import type { Stream } from "@linear-probes/core";
import {
  FunctionProtoSchema,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  ValueInfoProtoSchema,
} from "onnx-buf";
import type { TensorProto, ValueInfoProto } from "onnx-buf";
import { DataType, float, graph, int64s, modelBytes, node, tensor, valueInfo } from "../../src/onnx/build.ts";
import type { RowBlock } from "../../src/onnx/inputs.ts";

export interface Fixture {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Files beside the model. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** Six rows of every input. */
  readonly rows: RowBlock;
  /** Probe-able taps in depth order, each with the shape of one row. */
  readonly taps: Readonly<Record<string, readonly number[]>>;
  /** Refused taps and words of the reason. */
  readonly refused?: Readonly<Record<string, RegExp>>;
  /** Taps that need their rows one at a time. */
  readonly alone?: readonly string[];
  /** What `auto` picks. */
  readonly auto: readonly string[];
}

export const sampleCount = 6;

function normals(stream: Stream, count: number, scale = 1): Float32Array {
  return Float32Array.from({ length: count }, () => scale * stream.normal());
}

function weights(stream: Stream, name: string, dims: readonly number[], scale = 0.4): TensorProto {
  const count = dims.reduce((total, dim) => total * dim, 1);
  return tensor(name, dims, normals(stream.split(name), count, scale));
}

function images(stream: Stream, shape: readonly number[]): RowBlock {
  const size = shape.reduce((total, dim) => total * dim, 1);
  return { x: { data: normals(stream.split("rows"), sampleCount * size), shape } };
}

/** An output without a declared type or shape. */
function untyped(name: string): ValueInfoProto {
  return create(ValueInfoProtoSchema, { name });
}

const pad1 = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };

function convnet(stream: Stream): Fixture {
  const nodes = [
    node("Conv", ["x", "w1", "b1"], ["block1/conv"], { name: "block1/conv", attributes: pad1 }),
    node("Relu", ["block1/conv"], ["block1/relu"], { name: "block1/relu" }),
    node("MaxPool", ["block1/relu"], ["block1/pool"], {
      name: "block1/pool",
      attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    }),
    node("Flatten", ["block1/pool"], ["flat"]),
    node("Gemm", ["flat", "w2", "b2"], ["logits"]),
    node("Softmax", ["logits"], ["probabilities"]),
  ];
  const initializers = [
    weights(stream, "w1", [4, 2, 3, 3]),
    weights(stream, "b1", [4]),
    weights(stream, "w2", [64, 3]),
    weights(stream, "b2", [3]),
  ];
  const parts = graph({
    nodes,
    // As files of ONNX IR 3 do, the constants are listed among the inputs.
    inputs: [valueInfo("w1", [4, 2, 3, 3]), valueInfo("x", ["batch", 2, 8, 8]), valueInfo("b1", [4])],
    outputs: [valueInfo("probabilities", ["batch", 3])],
    initializers,
  });
  return {
    name: "convnet",
    bytes: modelBytes(parts, { opset: 7 }),
    rows: images(stream, [2, 8, 8]),
    taps: {
      x: [2, 8, 8],
      "block1/conv": [4, 8, 8],
      "block1/relu": [4, 8, 8],
      "block1/pool": [4, 4, 4],
      flat: [64],
      logits: [3],
      probabilities: [3],
    },
    auto: ["x", "block1/relu", "block1/pool", "logits"],
  };
}

function residual(stream: Stream): Fixture {
  const nodes = [
    node("Conv", ["x", "w1"], ["c1"], { attributes: pad1 }),
    node("BatchNormalization", ["c1", "scale", "shift", "mean", "variance"], ["n1"]),
    node("Relu", ["n1"], ["r1"]),
    node("Conv", ["r1", "w2"], ["c2"], { attributes: pad1 }),
    node("Add", ["c2", "x"], ["sum"]),
    node("Relu", ["sum"], ["r2"]),
    node("GlobalAveragePool", ["r2"], ["gap"]),
    node("Flatten", ["gap"], ["flat"]),
    node("MatMul", ["flat", "w3"], ["logits"]),
  ];
  const initializers = [
    weights(stream, "w1", [3, 3, 3, 3]),
    weights(stream, "w2", [3, 3, 3, 3]),
    weights(stream, "w3", [3, 4]),
    weights(stream, "scale", [3]),
    weights(stream, "shift", [3]),
    weights(stream, "mean", [3]),
    tensor("variance", [3], Float32Array.of(0.5, 1, 2)),
  ];
  // The nodes are written backwards: files are not always in order.
  const parts = graph({
    nodes: nodes.toReversed(),
    inputs: [valueInfo("x", [null, 3, 6, 6])],
    outputs: [untyped("logits")],
    initializers,
  });
  return {
    name: "residual",
    bytes: modelBytes(parts, { opset: 23 }),
    rows: images(stream, [3, 6, 6]),
    taps: {
      x: [3, 6, 6],
      c1: [3, 6, 6],
      n1: [3, 6, 6],
      r1: [3, 6, 6],
      c2: [3, 6, 6],
      sum: [3, 6, 6],
      r2: [3, 6, 6],
      gap: [3, 1, 1],
      flat: [3],
      logits: [4],
    },
    auto: ["x", "r1", "r2", "gap", "logits"],
  };
}

function inception(stream: Stream): Fixture {
  const relu = (name: string): ReturnType<typeof node> =>
    node("Relu", [`inception_4a/${name}`], [`inception_4a/relu_${name}`]);
  const nodes = [
    node("Conv", ["x", "w1"], ["inception_4a/1x1"]),
    relu("1x1"),
    node("Conv", ["x", "w3"], ["inception_4a/3x3"], { attributes: pad1 }),
    relu("3x3"),
    node("MaxPool", ["x"], ["inception_4a/pool"], { attributes: { ...pad1, strides: [1, 1] } }),
    node("Conv", ["inception_4a/pool", "wp"], ["inception_4a/pool_proj"]),
    relu("pool_proj"),
    node(
      "Concat",
      ["inception_4a/relu_1x1", "inception_4a/relu_3x3", "inception_4a/relu_pool_proj"],
      ["inception_4a/output"],
      { attributes: { axis: 1 } },
    ),
    node("AveragePool", ["inception_4a/output"], ["pool5"], { attributes: { kernel_shape: [5, 5] } }),
    node("Dropout", ["pool5"], ["dropped", "mask"]),
    node("Flatten", ["dropped"], ["flat"]),
    node("Gemm", ["flat", "wl"], ["loss3/classifier"], { attributes: { alpha: float(1) } }),
    node("Softmax", ["loss3/classifier"], ["prob"]),
  ];
  const initializers = [
    weights(stream, "w1", [3, 2, 1, 1]),
    weights(stream, "w3", [4, 2, 3, 3]),
    weights(stream, "wp", [2, 2, 1, 1]),
    weights(stream, "wl", [9, 5]),
  ];
  const parts = graph({ nodes, inputs: [valueInfo("x", ["N", 2, 5, 5])], outputs: [untyped("prob")], initializers });
  return {
    name: "inception",
    bytes: modelBytes(parts, { opset: 13 }),
    rows: images(stream, [2, 5, 5]),
    taps: {
      x: [2, 5, 5],
      "inception_4a/1x1": [3, 5, 5],
      "inception_4a/relu_1x1": [3, 5, 5],
      "inception_4a/3x3": [4, 5, 5],
      "inception_4a/relu_3x3": [4, 5, 5],
      "inception_4a/pool": [2, 5, 5],
      "inception_4a/pool_proj": [2, 5, 5],
      "inception_4a/relu_pool_proj": [2, 5, 5],
      "inception_4a/output": [9, 5, 5],
      pool5: [9, 1, 1],
      dropped: [9, 1, 1],
      mask: [9, 1, 1],
      flat: [9],
      "loss3/classifier": [5],
      prob: [5],
    },
    auto: [
      "x",
      "inception_4a/relu_1x1",
      "inception_4a/relu_3x3",
      "inception_4a/pool",
      "inception_4a/relu_pool_proj",
      "inception_4a/output",
      "pool5",
      "loss3/classifier",
    ],
  };
}

/** One encoder layer with one head, token inputs and a mask, all shapes symbolic. */
function transformer(stream: Stream): Fixture {
  const nodes = [
    node("Gather", ["table", "input_ids"], ["embedded"]),
    node("MatMul", ["embedded", "wq"], ["layer.0/attention/query"]),
    node("MatMul", ["embedded", "wk"], ["layer.0/attention/key"]),
    node("MatMul", ["embedded", "wv"], ["layer.0/attention/value"]),
    node("Transpose", ["layer.0/attention/key"], ["layer.0/attention/key_t"], { attributes: { perm: [0, 2, 1] } }),
    node("MatMul", ["layer.0/attention/query", "layer.0/attention/key_t"], ["layer.0/attention/scores"]),
    node("Cast", ["attention_mask"], ["mask_float"], { attributes: { to: DataType.FLOAT } }),
    node("Sub", ["mask_float", "one"], ["mask_minus"]),
    node("Mul", ["mask_minus", "large"], ["mask_scaled"]),
    node("Unsqueeze", ["mask_scaled", "axis1"], ["mask_wide"]),
    node("Add", ["layer.0/attention/scores", "mask_wide"], ["layer.0/attention/masked"]),
    node("Softmax", ["layer.0/attention/masked"], ["layer.0/attention/weights"], { attributes: { axis: -1 } }),
    node("MatMul", ["layer.0/attention/weights", "layer.0/attention/value"], ["layer.0/attention/context"]),
    node("Add", ["layer.0/attention/context", "embedded"], ["layer.0/attention/sum"]),
    node("LayerNormalization", ["layer.0/attention/sum", "gain", "bias"], ["layer.0/attention/output"], {
      attributes: { axis: -1, epsilon: 1e-5 },
    }),
    node("MatMul", ["layer.0/attention/output", "wi"], ["layer.0/ffn/inner"]),
    node("Div", ["layer.0/ffn/inner", "root2"], ["layer.0/ffn/scaled"]),
    node("Erf", ["layer.0/ffn/scaled"], ["layer.0/ffn/erf"]),
    node("Add", ["layer.0/ffn/erf", "one"], ["layer.0/ffn/erf1"]),
    node("Mul", ["layer.0/ffn/inner", "layer.0/ffn/erf1"], ["layer.0/ffn/gelu"]),
    node("MatMul", ["layer.0/ffn/gelu", "wo"], ["layer.0/ffn/outer"]),
    node("Add", ["layer.0/ffn/outer", "layer.0/attention/output"], ["layer.0/output"]),
    node("Shape", ["input_ids"], ["ids_shape"]),
    node("Gather", ["layer.0/output", "zero"], ["pooled"], { attributes: { axis: 1 } }),
    node("MatMul", ["pooled", "wc"], ["logits"]),
  ];
  const h = 6;
  const initializers = [
    weights(stream, "table", [11, h], 1),
    ...["wq", "wk", "wv"].map((name) => weights(stream, name, [h, h])),
    weights(stream, "gain", [h]),
    weights(stream, "bias", [h]),
    weights(stream, "wi", [h, 8]),
    weights(stream, "wo", [8, h]),
    weights(stream, "wc", [h, 3]),
    tensor("one", [], Float32Array.of(1)),
    tensor("large", [], Float32Array.of(10_000)),
    tensor("root2", [], Float32Array.of(Math.SQRT2)),
    tensor("zero", [], BigInt64Array.of(0n)),
    int64s("axis1", [1]),
  ];
  const token = (name: string): ValueInfoProto => valueInfo(name, ["batch_size", "sequence"], DataType.INT64);
  const parts = graph({
    nodes,
    inputs: [token("input_ids"), token("attention_mask")],
    outputs: [untyped("logits"), untyped("ids_shape")],
    initializers,
  });
  const T = 4;
  const ids = stream.split("tokens");
  return {
    name: "transformer",
    bytes: modelBytes(parts, { opset: 17 }),
    rows: {
      input_ids: { data: BigInt64Array.from({ length: sampleCount * T }, () => BigInt(ids.integer(11))), shape: [T] },
      attention_mask: {
        data: Int32Array.from({ length: sampleCount * T }, (_, i) => (i % 7 === 3 ? 0 : 1)),
        shape: [T],
      },
    },
    taps: {
      input_ids: [T],
      attention_mask: [T],
      embedded: [T, h],
      "layer.0/attention/query": [T, h],
      "layer.0/attention/key": [T, h],
      "layer.0/attention/value": [T, h],
      "layer.0/attention/key_t": [h, T],
      "layer.0/attention/scores": [T, T],
      mask_float: [T],
      mask_minus: [T],
      mask_scaled: [T],
      mask_wide: [1, T],
      "layer.0/attention/masked": [T, T],
      "layer.0/attention/weights": [T, T],
      "layer.0/attention/context": [T, h],
      "layer.0/attention/sum": [T, h],
      "layer.0/attention/output": [T, h],
      "layer.0/ffn/inner": [T, 8],
      "layer.0/ffn/scaled": [T, 8],
      "layer.0/ffn/erf": [T, 8],
      "layer.0/ffn/erf1": [T, 8],
      "layer.0/ffn/gelu": [T, 8],
      "layer.0/ffn/outer": [T, h],
      "layer.0/output": [T, h],
      pooled: [h],
      logits: [3],
    },
    refused: { ids_shape: /does not depend on the values/ },
    auto: ["input_ids", "layer.0/attention/output", "layer.0/ffn/gelu", "layer.0/output", "logits"],
  };
}

/** Sequence first, as PyTorch exports it: the batch is the second axis of most tensors. */
function lstm(stream: Stream): Fixture {
  const [T, d, H] = [5, 3, 4];
  const nodes = [
    node("LSTM", ["x", "w", "r", "b"], ["hidden", "last_h", "last_c"], { attributes: { hidden_size: H } }),
    node("Squeeze", ["hidden", "axis1"], ["sequence"]),
    node("Squeeze", ["last_h", "axis0"], ["state"]),
    node("MatMul", ["state", "wc"], ["logits"]),
    node("SequenceConstruct", ["state", "logits"], ["both"]),
  ];
  const initializers = [
    weights(stream, "w", [1, 4 * H, d]),
    weights(stream, "r", [1, 4 * H, H]),
    weights(stream, "b", [1, 8 * H]),
    weights(stream, "wc", [H, 2]),
    int64s("axis1", [1]),
    int64s("axis0", [0]),
  ];
  const parts = graph({
    nodes,
    inputs: [valueInfo("x", ["sequence", "batch", d])],
    outputs: [untyped("logits"), untyped("both")],
    initializers,
  });
  return {
    name: "lstm",
    bytes: modelBytes(parts, { opset: 14 }),
    rows: images(stream, [T, d]),
    taps: { x: [T, d], hidden: [T, 1, H], last_h: [1, H], last_c: [1, H], sequence: [T, H], state: [H], logits: [2] },
    refused: { both: /sequence/ },
    auto: ["x", "hidden", "logits"],
  };
}

function scalar(name: string, value: number): TensorProto {
  return tensor(name, [], Float32Array.of(value));
}

/** int8 arithmetic: QLinearConv, then a QDQ pair around a matrix product. */
function quantized(stream: Stream): Fixture {
  const codes = stream.split("codes");
  const bytes = (count: number): Int8Array => Int8Array.from({ length: count }, () => codes.integer(255) - 127);
  const zero = tensor("z", [], Uint8Array.of(120));
  const nodes = [
    node("QuantizeLinear", ["x", "sx", "z"], ["xq"]),
    node("QLinearConv", ["xq", "sx", "z", "w", "sw", "zw", "sy", "zy"], ["conv"], { attributes: pad1 }),
    node("DequantizeLinear", ["conv", "sy", "zy"], ["conv_real"]),
    node("Flatten", ["conv_real"], ["flat"]),
    node("DequantizeLinear", ["w2", "sw", "zw"], ["w2_real"]),
    node("MatMul", ["flat", "w2_real"], ["product"]),
    node("QuantizeLinear", ["product", "sp", "zw"], ["product_q"]),
    node("DequantizeLinear", ["product_q", "sp", "zw"], ["logits"]),
  ];
  const initializers = [
    zero,
    scalar("sx", 0.03),
    scalar("sw", 0.01),
    scalar("sy", 0.05),
    scalar("sp", 0.1),
    tensor("zy", [], Uint8Array.of(0)),
    tensor("zw", [], Int8Array.of(0)),
    tensor("w", [3, 2, 3, 3], bytes(54)),
    tensor("w2", [48, 3], bytes(144)),
  ];
  const parts = graph({
    nodes,
    inputs: [valueInfo("x", ["N", 2, 4, 4])],
    outputs: [valueInfo("logits", ["N", 3])],
    initializers,
  });
  return {
    name: "quantized",
    bytes: modelBytes(parts, { opset: 13 }),
    rows: images(stream, [2, 4, 4]),
    taps: {
      x: [2, 4, 4],
      xq: [2, 4, 4],
      conv: [3, 4, 4],
      conv_real: [3, 4, 4],
      flat: [48],
      product: [3],
      product_q: [3],
      logits: [3],
    },
    auto: ["x", "conv", "logits"],
  };
}

/** The range of a dynamically quantised batch depends on all its rows, so its rows must be run one by one. */
function dynamicQuantized(stream: Stream): Fixture {
  const codes = stream.split("codes");
  const nodes = [
    node("DynamicQuantizeLinear", ["x"], ["q", "scale", "zero"]),
    node("MatMulInteger", ["q", "w", "zero"], ["sums"]),
    node("Cast", ["sums"], ["sums_float"], { attributes: { to: DataType.FLOAT } }),
    node("Mul", ["sums_float", "scale"], ["logits"]),
  ];
  const initializers = [
    tensor(
      "w",
      [8, 3],
      Int8Array.from({ length: 24 }, () => codes.integer(255) - 127),
    ),
  ];
  const parts = graph({ nodes, inputs: [valueInfo("x", ["N", 8])], outputs: [untyped("logits")], initializers });
  const rows = normals(stream.split("rows"), sampleCount * 8).map((value, i) => value * (1 + Math.floor(i / 8)));
  return {
    name: "dynamic-quantized",
    bytes: modelBytes(parts, { opset: 11 }),
    rows: { x: { data: rows, shape: [8] } },
    taps: { x: [8], q: [8], scale: [], zero: [], sums: [3], sums_float: [3], logits: [3] },
    alone: ["q", "scale", "zero", "sums", "sums_float", "logits"],
    auto: ["x", "logits"],
  };
}

function half(stream: Stream): Fixture {
  const halves = (name: string, dims: readonly number[]): TensorProto =>
    tensor(
      name,
      dims,
      Float16Array.from(
        normals(
          stream.split(name),
          dims.reduce((total, dim) => total * dim, 1),
          0.3,
        ),
      ),
    );
  const nodes = [
    node("Conv", ["x", "w1"], ["conv"], { attributes: pad1 }),
    node("Relu", ["conv"], ["relu"]),
    node("Flatten", ["relu"], ["flat"]),
    node("MatMul", ["flat", "w2"], ["logits"]),
  ];
  const initializers = [halves("w1", [2, 1, 3, 3]), halves("w2", [32, 3])];
  const parts = graph({
    nodes,
    inputs: [valueInfo("x", ["N", 1, 4, 4], DataType.FLOAT16)],
    outputs: [valueInfo("logits", ["N", 3], DataType.FLOAT16)],
    initializers,
  });
  return {
    name: "float16",
    bytes: modelBytes(parts, { opset: 15 }),
    rows: images(stream, [1, 4, 4]),
    taps: { x: [1, 4, 4], conv: [2, 4, 4], relu: [2, 4, 4], flat: [32], logits: [3] },
    auto: ["x", "relu", "logits"],
  };
}

/** Moves a constant into a file beside the model. */
export function outside(
  constant: TensorProto,
  location: string,
  offset: number,
  more: Readonly<Record<string, string>> = {},
): TensorProto {
  const entries = { location, offset: String(offset), length: String(constant.rawData.byteLength), ...more };
  constant.externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  constant.dataLocation = TensorProto_DataLocation.EXTERNAL;
  constant.rawData = new Uint8Array(0);
  return constant;
}

function external(stream: Stream): Fixture {
  const w1 = weights(stream, "w1", [6, 5]);
  const w2 = weights(stream, "w2", [5, 3]);
  const data = new Uint8Array(4096 + w2.rawData.byteLength);
  data.set(w1.rawData);
  data.set(w2.rawData, 4096);
  const nodes = [
    node("MatMul", ["x", "w1"], ["hidden"]),
    node("Tanh", ["hidden"], ["tanh"]),
    node("MatMul", ["tanh", "w2"], ["logits"]),
  ];
  const parts = graph({
    nodes,
    inputs: [valueInfo("x", ["N", 6])],
    outputs: [untyped("logits")],
    initializers: [outside(w1, "weights.bin", 0), outside(w2, "weights.bin", 4096)],
  });
  return {
    name: "external",
    bytes: modelBytes(parts),
    files: { "weights.bin": data },
    rows: images(stream, [6]),
    taps: { x: [6], hidden: [5], tanh: [5], logits: [3] },
    auto: ["x", "tanh", "logits"],
  };
}

/** Shapes computed by the graph itself: nothing of it is in the file, and the batch is folded into another axis. */
function symbolic(stream: Stream): Fixture {
  const nodes = [
    node("Conv", ["x", "w1"], ["conv"], { attributes: pad1 }),
    node("Shape", ["conv"], ["shape"]),
    node("Gather", ["shape", "zero"], ["rows"]),
    node("Unsqueeze", ["rows", "axis0"], ["rows1"]),
    node("Concat", ["rows1", "minus"], ["target"], { attributes: { axis: 0 } }),
    node("Reshape", ["conv", "target"], ["flat"]),
    node("MatMul", ["flat", "w2"], ["logits"]),
    node("Transpose", ["flat"], ["columns"], { attributes: { perm: [1, 0] } }),
    node("Reshape", ["conv", "pairs"], ["folded"]),
    node("ReduceMean", ["logits"], ["mixed"], { attributes: { axes: [0], keepdims: 0 } }),
    node("NonZero", ["logits"], ["indices"]),
    node("Sub", ["logits", "mixed"], ["centred"]),
  ];
  const initializers = [
    weights(stream, "w1", [2, 1, 3, 3]),
    weights(stream, "w2", [32, 3]),
    tensor("zero", [], BigInt64Array.of(0n)),
    int64s("axis0", [0]),
    int64s("minus", [-1]),
    int64s("pairs", [-1, 8]),
  ];
  const parts = graph({
    nodes,
    inputs: [valueInfo("x", ["n", 1, "height", "width"])],
    outputs: [untyped("logits"), untyped("centred")],
    initializers,
  });
  return {
    name: "symbolic",
    bytes: modelBytes(parts, { opset: 13 }),
    rows: images(stream, [1, 4, 4]),
    taps: {
      x: [1, 4, 4],
      conv: [2, 4, 4],
      flat: [32],
      logits: [3],
      columns: [32],
      folded: [4, 8],
      mixed: [3],
      indices: [2, 3],
      centred: [3],
    },
    refused: { shape: /does not depend/, rows: /does not depend/, rows1: /does not depend/, target: /does not depend/ },
    alone: ["mixed", "indices", "centred"],
    auto: ["x", "logits", "centred"],
  };
}

/** An If and a Loop: what is inside their bodies cannot be a tap, what comes out of them can. */
function control(stream: Stream): Fixture {
  const branch = (name: string, op: string): ReturnType<typeof graph> =>
    graph({
      name,
      nodes: [node(op, ["hidden"], [`${name}_inner`]), node("Mul", [`${name}_inner`, "two"], [`${name}_out`])],
      inputs: [],
      outputs: [valueInfo(`${name}_out`)],
    });
  const body = graph({
    name: "body",
    nodes: [
      node("Identity", ["keep"], ["keep_out"]),
      node("MatMul", ["state", "w"], ["stepped"]),
      node("Tanh", ["stepped"], ["state_out"]),
    ],
    inputs: [valueInfo("i", [], DataType.INT64), valueInfo("keep", [], DataType.BOOL), valueInfo("state", ["N", 4])],
    outputs: [valueInfo("keep_out", [], DataType.BOOL), valueInfo("state_out", ["N", 4])],
  });
  const nodes = [
    node("MatMul", ["x", "w"], ["hidden"]),
    node("If", ["flag"], ["chosen"], {
      name: "choice",
      attributes: { then_branch: branch("then", "Relu"), else_branch: branch("else", "Neg") },
    }),
    node("Loop", ["trips", "go", "chosen"], ["looped"], { name: "loop", attributes: { body } }),
    node("MatMul", ["looped", "w"], ["logits"]),
  ];
  const initializers = [
    weights(stream, "w", [4, 4]),
    scalar("two", 2),
    tensor("trips", [], BigInt64Array.of(3n)),
    bool("go", true),
    bool("flag", true),
  ];
  const parts = graph({ nodes, inputs: [valueInfo("x", ["N", 4])], outputs: [untyped("logits")], initializers });
  return {
    name: "control",
    bytes: modelBytes(parts, { opset: 16 }),
    rows: images(stream, [4]),
    taps: { x: [4], hidden: [4], chosen: [4], looped: [4], logits: [4] },
    refused: { then_inner: /body of If "choice"/, else_out: /body of If "choice"/, stepped: /body of Loop "loop"/ },
    auto: ["x", "looped", "logits"],
  };
}

function bool(name: string, value: boolean): TensorProto {
  const constant = tensor(name, [], Uint8Array.of(value ? 1 : 0));
  constant.dataType = DataType.BOOL;
  return constant;
}

/** TensorFlow's layout, as tf2onnx writes it, with the batch fixed at one. */
function channelsLast(stream: Stream): Fixture {
  const nodes = [
    node("Transpose", ["x"], ["nchw"], { attributes: { perm: [0, 3, 1, 2] } }),
    node("Conv", ["nchw", "w1"], ["conv"], { attributes: pad1 }),
    node("Transpose", ["conv"], ["conv_nhwc"], { attributes: { perm: [0, 2, 3, 1] } }),
    node("Relu", ["conv_nhwc"], ["relu"]),
    node("ReduceMean", ["relu"], ["pooled"], { attributes: { axes: [1, 2], keepdims: 0 } }),
    node("MatMul", ["pooled", "w2"], ["logits"]),
  ];
  const initializers = [weights(stream, "w1", [3, 2, 3, 3]), weights(stream, "w2", [3, 4])];
  const parts = graph({
    nodes,
    inputs: [valueInfo("x", [1, 4, 6, 2])],
    outputs: [valueInfo("logits", [1, 4])],
    initializers,
  });
  return {
    name: "channels-last",
    bytes: modelBytes(parts, { opset: 11 }),
    rows: images(stream, [4, 6, 2]),
    taps: {
      x: [4, 6, 2],
      nchw: [2, 4, 6],
      conv: [3, 4, 6],
      conv_nhwc: [4, 6, 3],
      relu: [4, 6, 3],
      pooled: [3],
      logits: [4],
    },
    alone: ["x", "nchw", "conv", "conv_nhwc", "relu", "pooled", "logits"],
    auto: ["x", "relu", "logits"],
  };
}

/** An operator of onnxruntime's own domain and a function that the file itself defines, as newer exporters write them. */
function functions(stream: Stream): Fixture {
  const nodes = [
    node("MatMul", ["x", "w1"], ["hidden"]),
    node("Gelu", ["hidden"], ["gelu"], { domain: "com.microsoft" }),
    node("Block", ["gelu", "w2"], ["block"], { domain: "pkg.local", name: "block_1" }),
    node("MatMul", ["block", "w2"], ["logits"]),
  ];
  const parts = graph({
    nodes,
    inputs: [valueInfo("x", ["N", 4])],
    outputs: [untyped("logits")],
    initializers: [weights(stream, "w1", [4, 3]), weights(stream, "w2", [3, 3])],
  });
  const model = fromBinary(ModelProtoSchema, modelBytes(parts, { domains: { "com.microsoft": 1, "pkg.local": 1 } }));
  model.functions.push(
    create(FunctionProtoSchema, {
      name: "Block",
      domain: "pkg.local",
      input: ["a", "b"],
      output: ["c"],
      node: [node("MatMul", ["a", "b"], ["inner"]), node("Relu", ["inner"], ["c"])],
      opsetImport: [{ domain: "", version: 17n }],
    }),
  );
  return {
    name: "functions",
    bytes: toBinary(ModelProtoSchema, model),
    rows: images(stream, [4]),
    taps: { x: [4], hidden: [3], gelu: [3], block: [3], logits: [3] },
    auto: ["x", "gelu", "logits"],
  };
}

/** A batch fixed at four, and names that would do harm if they were printed or used as paths. */
function hostileNames(stream: Stream): Fixture {
  const names = ["../../etc/passwd", "<script>alert(1)</script>", "\u001b[31mred\u001b[0m\u202e", "__proto__x"];
  const [path = "", html = "", ansi = "", proto = ""] = names;
  const nodes = [
    node("MatMul", ["x", "w"], [path]),
    node("Relu", [path], [html]),
    node("MatMul", [html, "w"], [ansi], { name: "\u0007bell" }),
    node("Tanh", [ansi], [proto]),
  ];
  const parts = graph({
    nodes,
    inputs: [valueInfo("x", [4, 4])],
    outputs: [valueInfo(proto, [4, 4])],
    initializers: [weights(stream, "w", [4, 4])],
  });
  return {
    name: "hostile-names",
    bytes: modelBytes(parts),
    rows: images(stream, [4]),
    taps: { x: [4], [path]: [4], [html]: [4], [ansi]: [4], [proto]: [4] },
    auto: ["x", html, proto],
  };
}

const makers = [
  convnet,
  residual,
  inception,
  transformer,
  lstm,
  quantized,
  dynamicQuantized,
  half,
  external,
  symbolic,
  control,
  channelsLast,
  functions,
  hostileNames,
];

/** The whole set; the same bytes on every call. */
export function makeFixtures(): Fixture[] {
  return makers.map((make) => make(rootStream("onnx-fixtures").split(make.name)));
}
