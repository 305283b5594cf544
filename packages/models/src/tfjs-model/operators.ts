/** @file Keras layers and TensorFlow operators in ONNX's words, as far as choosing taps goes by them (auto-taps.ts). */

const layers: Readonly<Record<string, string>> = {
  ReLU: "Relu",
  LeakyReLU: "LeakyRelu",
  PReLU: "PRelu",
  ELU: "Elu",
  ThresholdedReLU: "ThresholdedRelu",
  Softmax: "Softmax",
  MaxPooling1D: "MaxPool",
  MaxPooling2D: "MaxPool",
  MaxPooling3D: "MaxPool",
  AveragePooling1D: "AveragePool",
  AveragePooling2D: "AveragePool",
  AveragePooling3D: "AveragePool",
  GlobalMaxPooling1D: "GlobalMaxPool",
  GlobalMaxPooling2D: "GlobalMaxPool",
  GlobalAveragePooling1D: "GlobalAveragePool",
  GlobalAveragePooling2D: "GlobalAveragePool",
  Concatenate: "Concat",
  Multiply: "Mul",
  SimpleRNN: "RNN",
  RNN: "RNN",
  Bidirectional: "RNN",
  ConvLSTM2D: "LSTM",
  Embedding: "Gather",
  Permute: "Transpose",
  BatchNormalization: "BatchNormalization",
};

/** Layers that apply an activation of their own. */
const activated = /^(Dense|(Depthwise|Separable)?Conv\d?D(Transpose)?)$/;

export function layerOperator(className: string, activation: unknown): string {
  if (className === "Activation")
    return activation === "softmax" ? "Softmax" : activation === "linear" ? "Identity" : "Relu";
  // Logits cannot be had of a layer that ends in softmax: its output is the end.
  if (activated.test(className))
    return activation === undefined || activation === "linear" || activation === "softmax" ? "Gemm" : "FusedGemm";
  return Object.hasOwn(layers, className) ? (layers[className] ?? className) : className;
}

const operators: Readonly<Record<string, string>> = {
  Relu6: "Relu",
  Prelu: "PRelu",
  AvgPool: "AveragePool",
  ConcatV2: "Concat",
  AddV2: "Add",
  AddN: "Sum",
  BiasAdd: "Add",
  GatherV2: "Gather",
  ExpandDims: "Unsqueeze",
  TopKV2: "TopK",
};

export function tensorFlowOperator(op: string, fused: readonly string[]): string {
  if (fused.some((part) => /relu|elu|tanh|sigmoid/i.test(part))) return "FusedConv";
  return Object.hasOwn(operators, op) ? (operators[op] ?? op) : op;
}
