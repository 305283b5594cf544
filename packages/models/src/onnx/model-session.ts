/** @file A model that is ready to run: onnxruntime's own session, or another engine that behaves as one. */
import type { InferenceSession, Tensor } from "onnxruntime-node";

export interface ModelSession {
  /** What is known of the tensors before they are run; may be empty. */
  readonly outputMetadata: readonly InferenceSession.ValueMetadata[];
  /** The tensors wanted; where places are given, they may be written there. */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    wanted: readonly string[] | Readonly<Record<string, Tensor | null>>,
  ): Promise<Readonly<Record<string, Tensor>>>;
  release(): Promise<void>;
}
