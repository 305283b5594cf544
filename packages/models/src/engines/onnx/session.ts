/** @file How this project runs onnxruntime: one thread per session, and bits that depend on nothing but the model. */
import { InferenceSession, Tensor } from "onnxruntime-node";

/**
 * One thread, because sums over several threads depend on their number; parallel work runs in several sessions. No
 * spinning, because a spinning thread takes a core from the others. `set_denormal_as_zero` is left alone: onnxruntime obeys
 * it for the thread that makes a process's first session, and for the threads that one starts, and in JavaScript there
 * too, so that bits would depend on which network came first. It saves nothing, as measured on 128 layers.
 */
const options: InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: "sequential",
  graphOptimizationLevel: "all",
  enableMemPattern: false, // 2 to 3 % quicker without, as measured on the training step
  logSeverityLevel: 3,
  extra: { session: { intra_op: { allow_spinning: "0" } } },
};

/** With every optimisation: it halves the time of a forward pass, and a test holds that no tap's bits depend on others. */
export function createSession(model: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(model, options);
}

/**
 * For training steps: values keep their layout. Blocks of channels only serve convolutions with constant weights, and
 * poolings alone would have everything around them reordered, to and fro.
 */
export function createTrainingSession(model: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(model, { ...options, graphOptimizationLevel: "extended" });
}

/** A tensor over memory that the caller owns; onnxruntime reads and writes it in place. */
export function tensorOver(values: Float32Array, dims: readonly number[]): Tensor {
  return new Tensor("float32", values, dims);
}
