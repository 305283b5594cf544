/** @file The rows of each experiment, as figures may rely on them. Errors are fractions, losses and gaps are nats. */
import type { Status } from "@linear-probes/core";

/** One fitted probe, in any experiment. */
export interface ProbeCells {
  readonly testError: number;
  readonly trainError: number;
  readonly gapNats: number; // duality gap: F - F* ≤ gapNats
  readonly relativeGap: number | null; // null when the bound says nothing (gap ≥ objective)
  readonly l2: number; // of the declared scaling
  readonly status: Status;
  readonly passes: number; // traversals of X by the solver
}

export type Fig03Curve = "certified-standardized" | "rmsprop-raw" | "rmsprop-standardized";

/** fig03-untrained-depth: one dataset and network, one layer (0 = input), one curve. */
export type Fig03Row =
  | ({ readonly dataset: number; readonly layer: number; readonly curve: Fig03Curve } & ProbeCells)
  | {
      readonly dataset: number;
      readonly layer: number;
      readonly curve: "activation-norm";
      readonly norm: number; // mean over training rows of the Euclidean norm of the layer's activations
    };

export type Fig05Protocol = "early-stopping" | "certified-l2";

/** fig05-mnist-convnet: one probe, or (kind "model") the network's own head. */
export type Fig05Row =
  | ({
      readonly kind: "probe";
      readonly step: number; // minibatches of training behind the network
      readonly epoch: number;
      readonly tap: string;
      readonly depth: number; // 0 = input
      readonly features: number; // columns
      readonly protocol: Fig05Protocol;
      readonly scaling: "none" | "center" | "standardize";
      readonly validationError: number;
      readonly trainLoss: number; // mean cross-entropy
      readonly certified: boolean; // the gap reached the protocol's tolerance, relative or in nats
    } & ProbeCells)
  | {
      readonly kind: "model";
      readonly step: number;
      readonly epoch: number;
      readonly testError: number;
      readonly validationError: number;
    };
