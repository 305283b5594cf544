/**
 * @file `--taps auto`: about twenty tensors where a reader of the network would look — after each activation, pool,
 * concat, residual add and normalised block, evenly thinned in depth; always the input and the logits. Tensors that all
 * paths from the input pass through (the ends of blocks, not their branches) come first.
 */
import type { TapGraph, TapNode } from "./tap-graph.ts";
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
export function chooseTaps<T extends Tap>(graph: TapGraph, taps: readonly T[], wanted = 20): T[] {
  const usable = new Map(taps.filter(({ refused }) => refused === undefined).map((tap) => [tap.name, tap]));
  const ends = new Set(
    [...graph.inputs.slice(0, 1).map(({ name }) => name), ...logits(graph)].filter((name) => usable.has(name)),
  );
  const candidates: Candidate<T>[] = [];
  const trunk = trunkTensors(graph, usable);
  for (const node of graph.nodes) {
    const name = node.outputs[0];
    const tap = name === undefined ? undefined : usable.get(name);
    const weight = tap && !ends.has(tap.name) ? weigh(graph, node, usable) : 0;
    if (tap && weight > 0) candidates.push({ tap, weight });
  }
  const slots = Math.max(1, wanted - ends.size);
  const onTrunk = thin(
    candidates.filter(({ tap }) => trunk.has(tap.name)),
    slots,
  );
  const others = thin(
    candidates.filter(({ tap }) => !trunk.has(tap.name)),
    slots - onTrunk.length,
  );
  const kept = new Set([...onTrunk, ...others].map(({ tap }) => tap.name));
  return taps.filter(({ name, refused }) => refused === undefined && (kept.has(name) || ends.has(name)));
}

interface Candidate<T> {
  readonly tap: T;
  readonly weight: number;
}

/** Tensors that are the only one alive when they are made: everything after is a function of them alone. */
function trunkTensors(graph: TapGraph, usable: ReadonlyMap<string, Tap>): Set<string> {
  const readersLeft = new Map<string, number>();
  for (const name of usable.keys()) readersLeft.set(name, graph.consumers.get(name)?.length ?? 0);
  const alive = new Set(graph.inputs.map(({ name }) => name).filter((name) => (readersLeft.get(name) ?? 0) > 0));
  const trunk = new Set<string>();
  for (const node of graph.nodes) {
    for (const name of new Set([...node.inputs, ...node.captured])) {
      const left = (readersLeft.get(name) ?? 0) - 1;
      readersLeft.set(name, left);
      if (left <= 0) alive.delete(name);
    }
    const made = node.outputs.filter((name) => (readersLeft.get(name) ?? 0) > 0);
    for (const name of made) alive.add(name);
    const only = made[0];
    if (alive.size === 1 && made.length === 1 && only !== undefined) trunk.add(only);
  }
  return trunk;
}

/** How strongly a node ends something: 0 not at all, 1 an activation, 2 a pool or a norm, 3 a concat, a residual add, a recurrent layer. */
function weigh(graph: TapGraph, node: TapNode, usable: ReadonlyMap<string, Tap>): number {
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
function isJoin(node: TapNode, usable: ReadonlyMap<string, Tap>): boolean {
  if (!["Add", "Sum", "QLinearAdd", "Mul"].includes(node.opType)) return false;
  return new Set(node.inputs.filter((name) => usable.has(name))).size > 1;
}

function followsSum(graph: TapGraph, node: TapNode, usable: ReadonlyMap<string, Tap>): boolean {
  const before = graph.producer.get(node.inputs[0] ?? "");
  return before !== undefined && before.opType !== "Mul" && isJoin(before, usable);
}

function onlyReader(graph: TapGraph, node: TapNode): TapNode | undefined {
  const readers = graph.consumers.get(node.outputs[0] ?? "");
  return readers?.length === 1 ? readers[0] : undefined;
}

/** What the final softmax of each output reads (an auxiliary head's too); the output itself when there is none. */
function logits(graph: TapGraph): string[] {
  const names: string[] = [];
  for (const output of graph.outputs.slice(0, 4)) {
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

function leadsToHead(graph: TapGraph, node: TapNode): boolean {
  const before = graph.producer.get(node.inputs[0] ?? "");
  return (
    before !== undefined && (heads.has(before.opType) || (movers.has(before.opType) && leadsToHead(graph, before)))
  );
}

/** At most `slots`, one from each equal stretch of depth: the strongest, and of equals the deepest. */
function thin<T>(candidates: readonly Candidate<T>[], slots: number): Candidate<T>[] {
  if (candidates.length <= slots) return [...candidates];
  const kept: Candidate<T>[] = [];
  for (let slot = 0; slot < slots; slot++) {
    const start = Math.floor((slot * candidates.length) / slots);
    const end = Math.floor(((slot + 1) * candidates.length) / slots);
    let best: Candidate<T> | undefined;
    for (const candidate of candidates.slice(start, end))
      if (!best || candidate.weight >= best.weight) best = candidate;
    if (best) kept.push(best);
  }
  return kept;
}
