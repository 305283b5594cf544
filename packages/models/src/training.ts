/**
 * @file The training loop: which rows, masks and rate each step gets, and when to stop or keep a checkpoint. What a
 * step gets depends on its number alone, so that training resumed from a checkpoint ends with the same bits.
 */
import { reject } from "@linear-probes/core";
import type { Stream } from "@linear-probes/core";
import type { Batch, Engine, TrainingState } from "./engines/engine.ts";
import type { Optimizer } from "./engines/optimizer.ts";
import { size } from "./graph.ts";
import type { LayerGraph } from "./graph.ts";
import type { Parameters } from "./graph-parameters.ts";

export interface TrainingSpec {
  readonly batch: number;
  readonly epochs: number;
  readonly optimizer: Optimizer;
  readonly learningRate: LearningRate;
  /**
   * `wrapping`: rows in their stored order; step s starts at row (s · batch) mod (n - batch), as TensorFlow's tutorial
   * does. `shuffled`: every epoch in a random order of its own, its last incomplete batch left out.
   */
  readonly order: "wrapping" | "shuffled";
  /** Every image of a batch is turned left to right with probability 1/2. */
  readonly mirror?: true;
}

export type LearningRate =
  | { readonly kind: "constant"; readonly rate: number }
  /** initial · decay^⌊step · batch / n⌋. */
  | { readonly kind: "staircase"; readonly initial: number; readonly decay: number };

export interface Examples {
  readonly inputs: Float32Array; // [n, ...input shape]
  readonly labels: Int32Array; // [n]
}

export interface TrainOptions {
  readonly stream: Stream;
  /** Stops after so many steps in all. Default: the spec's epochs. */
  readonly steps?: number;
  /** Steps after which `onCheckpoint` gets the whole state; 0 is before the first. */
  readonly checkpoints?: readonly number[];
  readonly onCheckpoint?: (state: TrainingState) => void | Promise<void>;
  /** Where to go on from. Else the engine's present state, which must be at step 0. */
  readonly resumeFrom?: TrainingState;
  /** After every step: steps done, of how many, and the loss of the batch before the step, nats. */
  readonly onProgress?: (step: number, steps: number, loss: number) => void;
  readonly signal?: AbortSignal;
}

export interface TrainResult {
  readonly status: "finished" | "diverged" | "interrupted";
  readonly reason: string; // one sentence
  readonly step: number;
}

/** ⌊epochs · n / batch⌋, as TensorFlow's tutorial counts. */
export function stepsOf(spec: TrainingSpec, rows: number): number {
  return Math.floor((spec.epochs * rows) / spec.batch);
}

export async function train(
  engine: Engine,
  graph: LayerGraph,
  examples: Examples,
  spec: TrainingSpec,
  options: TrainOptions,
): Promise<TrainResult> {
  const rows = examples.labels.length;
  if (examples.inputs.length !== rows * size(graph.inputShape))
    reject("training inputs", `must be ${rows} rows of ${size(graph.inputShape)}`, examples.inputs.length);
  if (!(rows > spec.batch)) reject("training", `must have more rows than a batch of ${spec.batch}`, rows);
  if (options.resumeFrom) engine.write(options.resumeFrom);
  const first = options.resumeFrom?.step ?? 0;
  const steps = options.steps ?? stepsOf(spec, rows);
  const batches = batchSource(graph, examples, spec, options.stream);
  const wanted = new Set(options.checkpoints);
  const keep = async (step: number): Promise<void> => {
    if (wanted.has(step)) await options.onCheckpoint?.(engine.read());
  };

  if (first === 0) await keep(0);
  let batch = batches(first);
  for (let step = first; step < steps; step++) {
    if (options.signal?.aborted) return { status: "interrupted", reason: "The caller asked.", step };
    const running = engine.step(batch, rateAt(spec, rows, step));
    if (step + 1 < steps) batch = batches(step + 1); // drawn while the workers work
    const loss = await running;
    if (!Number.isFinite(loss))
      return { status: "diverged", reason: `The loss of step ${step + 1} is ${loss}.`, step: step + 1 };
    options.onProgress?.(step + 1, steps, loss);
    await keep(step + 1);
  }
  return { status: "finished", reason: `All ${steps} steps were done.`, step: Math.max(first, steps) };
}

/** Learning rate of the step after `step` steps. */
export function rateAt({ learningRate, batch }: TrainingSpec, rows: number, step: number): number {
  if (learningRate.kind === "constant") return learningRate.rate;
  return learningRate.initial * learningRate.decay ** Math.floor((step * batch) / rows);
}

/** The batch of each step, as a function of the step alone. */
export function batchSource(
  graph: LayerGraph,
  { inputs, labels }: Examples,
  spec: TrainingSpec,
  stream: Stream,
): (step: number) => Batch {
  const rows = labels.length;
  const width = size(graph.inputShape);
  const perEpoch = Math.floor(rows / spec.batch);
  let epoch = -1;
  let order: Int32Array = new Int32Array(0);
  const rowAt = (step: number, place: number): number => {
    if (spec.order === "wrapping") return ((step * spec.batch) % (rows - spec.batch)) + place;
    const of = Math.floor(step / perEpoch);
    if (of !== epoch) {
      epoch = of;
      order = stream.split("order").split(`epoch-${of}`).permutation(rows);
    }
    return order[(step % perEpoch) * spec.batch + place]!;
  };
  return (step) => {
    const batch = { inputs: new Float32Array(spec.batch * width), labels: new Int32Array(spec.batch) };
    for (let place = 0; place < spec.batch; place++) {
      const row = rowAt(step, place);
      batch.inputs.set(inputs.subarray(row * width, (row + 1) * width), place * width);
      batch.labels[place] = labels[row]!;
    }
    if (spec.mirror) mirrorSome(batch.inputs, graph.inputShape, stream.split("mirror").split(`step-${step}`));
    return { ...batch, masks: dropoutMasks(graph, spec.batch, stream.split("dropout").split(`step-${step}`)) };
  };
}

/** Turns half of the images [rows, ...shape] left to right, in place. */
function mirrorSome(inputs: Float32Array, shape: readonly number[], stream: Stream): void {
  const width = shape.at(-1) ?? 1;
  for (let image = 0; image < inputs.length; image += size(shape)) {
    if (stream.uniform() < 0.5) continue;
    for (let line = image; line < image + size(shape); line += width) inputs.subarray(line, line + width).reverse();
  }
}

/** Fresh masks of all dropout layers: 0 with probability `rate`, else 1/(1 - rate). */
export function dropoutMasks(graph: LayerGraph, rows: number, stream: Stream): Parameters {
  const masks = new Map<string, Float32Array>();
  for (const layer of graph.layers) {
    if (layer.kind !== "dropout") continue;
    const own = stream.split(layer.name);
    const kept = 1 / (1 - layer.rate);
    const mask = new Float32Array(rows * size(graph.shapeOf(layer.name)));
    own.fillBernoulli(mask, layer.rate, 0, kept);
    masks.set(layer.name, mask);
  }
  return masks;
}
