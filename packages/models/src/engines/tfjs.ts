/**
 * @file Trains on TensorFlow.js, by its own automatic differentiation: an independent check of the onnx engine, and the
 * engine of machines without it. The optimiser's update is shared with the other engine; see optimizer.ts.
 */
import type * as tfjs from "@tensorflow/tfjs-core";
import { reject } from "@linear-probes/core";
import { size } from "../graph.ts";
import type { LayerGraph } from "../graph.ts";
import { gather } from "../graph-parameters.ts";
import type { ParameterLayout } from "../graph-parameters.ts";
import type { Batch, Engine, EngineOptions } from "./engine.ts";
import { addPenalty, createFlatState } from "./flat-state.ts";
import { update } from "./optimizer.ts";
import { evaluateLayers, headLoss } from "./tfjs/layers.ts";
import { loadTfjs } from "./tfjs/load.ts";
import type { Tfjs, TfjsBackend } from "./tfjs/load.ts";

export interface TfjsEngineOptions extends EngineOptions {
  /** Default: the quickest that is installed. */
  readonly backend?: TfjsBackend;
}

export async function createTfjsEngine(graph: LayerGraph, options: TfjsEngineOptions): Promise<Engine> {
  const { batch, optimizer } = options;
  if (!(Number.isInteger(batch) && batch > 0)) reject("tfjs engine", "batch must be a positive integer", batch);
  const { tf, backend } = await loadTfjs(options.backend);
  const state = createFlatState(graph, optimizer);
  const { layout, theta, accumulators } = state;

  const lossAndGradient = (given: Batch): { readonly loss: number; readonly gradient: Float32Array } => {
    check(graph, batch, given);
    const gradient = new Float32Array(layout.length);
    const loss = tf.tidy(() => {
      const { value, grads } = tf.valueAndGrads((...parameters: tfjs.Tensor[]) =>
        batchLoss(tf, graph, byName(layout, parameters), given, batch),
      )(tensorsOf(tf, layout, theta));
      grads.forEach((tensor, i) => gradient.set(tensor.dataSync<"float32">(), layout.segments[i]?.start));
      return value.dataSync<"float32">()[0] ?? Number.NaN;
    });
    return { loss, gradient };
  };

  return {
    name: `tfjs-${backend}`,
    async step(given, learningRate) {
      const { loss, gradient } = lossAndGradient(given);
      state.step += 1;
      for (const { spec, start, length } of layout.segments) {
        const range = { start, end: start + length, l2: spec.l2 };
        update(optimizer, { theta, gradients: [gradient], accumulators }, range, learningRate, state.step);
      }
      return loss;
    },
    async gradients(given) {
      const { loss, gradient } = lossAndGradient(given);
      addPenalty(state, gradient);
      return { loss, gradients: gather(layout, gradient) };
    },
    read: () => state.read(),
    write: (given) => state.write(given),
    async forward(inputs, rows, layers) {
      const out = new Map<string, Float32Array>();
      tf.tidy(() => {
        const parameters = byName(layout, tensorsOf(tf, layout, theta));
        const values = evaluateLayers(tf, graph, parameters, inputTensor(tf, graph, inputs, rows), layers);
        for (const layer of layers) out.set(layer, rowMajor(tf, values, layer));
      });
      return out;
    },
    dispose: async () => {},
  };
}

function check(graph: LayerGraph, batch: number, { inputs, labels, masks }: Batch): void {
  const rule = (name: string, length: number, got: number | undefined): void => {
    if (got !== length) reject(`batch, ${name}`, `must have ${length} values`, got ?? "none");
  };
  rule(graph.input, batch * size(graph.inputShape), inputs.length);
  rule("labels", batch, labels.length);
  for (const layer of graph.layers)
    if (layer.kind === "dropout")
      rule(layer.name, batch * size(graph.shapeOf(layer.name)), masks.get(layer.name)?.length);
  labels.forEach((label, row) => {
    if (!(label >= 0 && label < graph.classes))
      reject(`batch, label ${row}`, `must be 0 to ${graph.classes - 1}`, label);
  });
}

function batchLoss(
  tf: Tfjs,
  graph: LayerGraph,
  parameters: ReadonlyMap<string, tfjs.Tensor>,
  { inputs, labels, masks }: Batch,
  batch: number,
): tfjs.Scalar {
  const names = graph.heads.map((head) => head.logits);
  const values = evaluateLayers(tf, graph, parameters, inputTensor(tf, graph, inputs, batch), names, masks);
  const targets = tf.oneHot(tf.tensor1d(labels, "int32"), graph.classes);
  return graph.heads
    .map(({ logits, weight }) => headLoss(tf, values, logits, targets, weight / batch))
    .reduce((sum, loss) => tf.add(sum, loss));
}

const inputTensor = (tf: Tfjs, graph: LayerGraph, inputs: Float32Array, rows: number): tfjs.Tensor =>
  tf.tensor(inputs, [rows, ...graph.inputShape]);

const tensorsOf = (tf: Tfjs, layout: ParameterLayout, flat: Float32Array): tfjs.Tensor[] =>
  layout.segments.map(({ spec, start, length }) => tf.tensor(flat.slice(start, start + length), [...spec.shape]));

const byName = (layout: ParameterLayout, tensors: readonly tfjs.Tensor[]): ReadonlyMap<string, tfjs.Tensor> =>
  new Map(layout.segments.flatMap(({ spec }, i) => (tensors[i] ? [[spec.name, tensors[i]] as const] : [])));

function rowMajor(tf: Tfjs, values: ReadonlyMap<string, tfjs.Tensor>, layer: string): Float32Array {
  const value = values.get(layer);
  if (value === undefined) throw new Error(`tfjs engine: no layer ${layer}`);
  const ordered = value.rank === 4 ? tf.transpose(value, [0, 3, 1, 2]) : value;
  return Float32Array.from(ordered.dataSync<"float32">());
}
