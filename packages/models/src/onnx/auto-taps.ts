/**
 * @file `--taps auto`: about twenty tensors where a reader of the network would look — after each activation, pool,
 * concat, residual add and normalised block, evenly thinned in depth; always the input and the logits.
 */
import type { OnnxGraph, OnnxNode } from "./graph.ts";
import type { Tap } from "./taps.ts";

const activations = new Set([
  ..."Relu LeakyRelu PRelu Elu Selu Celu ThresholdedRelu Clip Tanh Sigmoid HardSigmoid HardSwish Mish Softplus Softsign Gelu Swish".split(
    " ",
  ),
  ..."FastGelu BiasGelu QuickGelu QLinearLeakyRelu QLinearSigmoid FusedConv FusedGemm".split(" "),
  // In a quantised graph the activation is folded into the range of these.
  ..."QLinearConv QLinearMatMul QGemm".split(" "),
]);
const pools = new Set(
  "MaxPool AveragePool GlobalAveragePool GlobalMaxPool LpPool GlobalLpPool QLinearAveragePool QLinearGlobalAveragePool".split(
    " ",
  ),
);
const recurrent = new Set(["LSTM", "GRU", "RNN", "Loop", "Scan"]);
const norms = new Set(
  "LayerNormalization SkipLayerNormalization RMSNormalization SimplifiedLayerNormalization SkipSimplifiedLayerNormalization".split(
    " ",
  ),
);
const joins = new Set(["Concat", "QLinearConcat"]);
const heads = new Set(["Softmax", "LogSoftmax", "ArgMax", "TopK", "Sigmoid"]);
/** Operators that only move or re-code values: a tap on the other side of them would be the same tap. */
const movers = new Set([
  "Identity",
  "Dropout",
  "Cast",
  "QuantizeLinear",
  "DequantizeLinear",
  "Transpose",
  "Reshape",
  "Flatten",
  "Squeeze",
  "Unsqueeze",
]);

/** About `wanted` taps of those that can be probed, in depth order. */
export function chooseTaps<T extends Tap>(graph: OnnxGraph, taps: readonly T[], wanted = 20): T[] {
  const usable = new Map(taps.filter(({ refused }) => refused === undefined).map((tap) => [tap.name, tap]));
  const ends = new Set(
    [...graph.inputs.slice(0, 1).map(({ name }) => name), ...logits(graph)].filter((name) => usable.has(name)),
  );
  const candidates: { readonly tap: T; readonly weight: number }[] = [];
  for (const node of graph.nodes) {
    const name = node.outputs[0];
    const tap = name === undefined ? undefined : usable.get(name);
    const weight = tap && !ends.has(tap.name) ? weigh(graph, node, usable) : 0;
    if (tap && weight > 0) candidates.push({ tap, weight });
  }
  const kept = new Set(thin(candidates, Math.max(1, wanted - ends.size)).map(({ tap }) => tap.name));
  return taps.filter(({ name, refused }) => refused === undefined && (kept.has(name) || ends.has(name)));
}

/** How strongly a node ends something: 0 not at all, 1 an activation, 2 a pool or a norm, 3 a concat, a residual add, a recurrent layer. */
function weigh(graph: OnnxGraph, node: OnnxNode, usable: ReadonlyMap<string, Tap>): number {
  const next = onlyReader(graph, node);
  if (joins.has(node.opType)) return node.inputs.filter((name) => usable.has(name)).length > 1 ? 3 : 0;
  if (recurrent.has(node.opType)) return 3;
  if (isJoin(node, usable)) {
    if (node.opType === "Mul") return 1; // swish, a gated unit, squeeze-excite: an activation
    // A residual block ends at the activation or the norm that follows the sum, where there is one; scores plus a mask
    // are no block.
    const absorbed = next && (activations.has(next.opType) || norms.has(next.opType) || next.opType === "Softmax");
    return absorbed ? 0 : 3;
  }
  if (node.opType === "Conv" && next?.opType === "QuantizeLinear") return 1;
  if (pools.has(node.opType) || norms.has(node.opType)) return followsSum(graph, node, usable) ? 3 : 2;
  if (!activations.has(node.opType)) return 0;
  // x·sigmoid(x): the product is the activation, not its gate.
  if (
    node.opType.endsWith("Sigmoid") &&
    graph.consumers.get(node.outputs[0] ?? "")?.some((reader) => reader.opType === "Mul")
  )
    return 0;
  return followsSum(graph, node, usable) ? 3 : 1;
}

/** Two tensors that both depend on the input meet: a residual add, or a gate times a value. */
function isJoin(node: OnnxNode, usable: ReadonlyMap<string, Tap>): boolean {
  if (!["Add", "Sum", "QLinearAdd", "Mul"].includes(node.opType)) return false;
  return new Set(node.inputs.filter((name) => usable.has(name))).size > 1;
}

function followsSum(graph: OnnxGraph, node: OnnxNode, usable: ReadonlyMap<string, Tap>): boolean {
  const before = graph.producer.get(node.inputs[0] ?? "");
  return before !== undefined && before.opType !== "Mul" && isJoin(before, usable);
}

function onlyReader(graph: OnnxGraph, node: OnnxNode): OnnxNode | undefined {
  const readers = graph.consumers.get(node.outputs[0] ?? "");
  return readers?.length === 1 ? readers[0] : undefined;
}

/** What the final softmax reads; the first output itself when there is none. */
export function logits(graph: OnnxGraph): string[] {
  const names: string[] = [];
  for (const output of graph.outputs.slice(0, 1)) {
    let name = output;
    let node = graph.producer.get(name);
    while (node && (heads.has(node.opType) || (movers.has(node.opType) && leadsToHead(graph, node)))) {
      name = node.inputs[0] ?? "";
      node = graph.producer.get(name);
    }
    names.push(name);
  }
  return names;
}

function leadsToHead(graph: OnnxGraph, node: OnnxNode): boolean {
  const before = graph.producer.get(node.inputs[0] ?? "");
  return (
    before !== undefined && (heads.has(before.opType) || (movers.has(before.opType) && leadsToHead(graph, before)))
  );
}

/** At most `slots`, one from each equal stretch of depth: the strongest, and of equals the deepest. */
function thin<C extends { readonly weight: number }>(candidates: readonly C[], slots: number): C[] {
  if (candidates.length <= slots) return [...candidates];
  const kept: C[] = [];
  for (let slot = 0; slot < slots; slot++) {
    const start = Math.floor((slot * candidates.length) / slots);
    const end = Math.floor(((slot + 1) * candidates.length) / slots);
    let best: C | undefined;
    for (const candidate of candidates.slice(start, end))
      if (!best || candidate.weight >= best.weight) best = candidate;
    if (best) kept.push(best);
  }
  return kept;
}
