/** @file Everything that the activations of a tap depend on, as plain data: the facts a store hashes into their key. */
import { createRequire } from "node:module";
import { env } from "onnxruntime-node";
import type { Lane } from "./lane.ts";
import type { ForeignModel } from "../foreign-model.ts";
import type { MeasuredTap } from "./tapped-session.ts";

/** What activations are kept as. */
export type ActivationDtype = "float32" | "float16";

export interface ActivationFacts {
  readonly model: string; // fingerprint
  readonly tap: string;
  readonly reducer: string;
  /** Path of the stream that random reducers drew from. */
  readonly stream: string;
  /** Content hash of the input rows, and the preprocessing they went through. */
  readonly inputs: string;
  readonly preprocess: string;
  readonly batch: number;
  readonly optimization: string;
  readonly device: string;
  /** The taps read in the same run: fusion depends on them, unless the graph is run as written. */
  readonly together: readonly string[];
  readonly engine: string; // and its version
  readonly dtype: ActivationDtype;
}

export interface ActivationFactsOptions {
  readonly reducer: string;
  readonly stream: string;
  readonly inputs: string;
  readonly preprocess: string;
  readonly dtype: ActivationDtype;
}

export function activationFacts(
  model: ForeignModel,
  lane: Pick<Lane, "batch" | "optimization" | "device" | "taps">,
  tap: MeasuredTap,
  options: ActivationFactsOptions,
): ActivationFacts {
  return {
    model: model.fingerprint,
    tap: tap.name,
    ...options,
    batch: lane.batch,
    optimization: lane.optimization,
    device: lane.device,
    together:
      lane.optimization === "disabled" || model.format === "tfjs" ? [] : lane.taps.map(({ name }) => name).sort(),
    engine: engineOf(model),
  };
}

function engineOf(model: ForeignModel): string {
  if (model.format === "onnx") return `onnxruntime ${env.versions.node ?? "unknown"}`;
  const { version } = packageOf("@tensorflow/tfjs-core/package.json");
  return `tfjs ${version} ${model.backend}`;
}

const packageOf: (path: string) => { readonly version: string } = createRequire(import.meta.url);
