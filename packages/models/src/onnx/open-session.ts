/** @file An onnxruntime session whose outputs are the tensors wanted, with everything that could change its numbers pinned. */
import { toBinary, create } from "@bufbuild/protobuf";
import { reject } from "@linear-probes/core";
import { ModelProtoSchema } from "onnx-buf";
import type { NodeProto } from "onnx-buf";
import { InferenceSession, listSupportedBackends } from "onnxruntime-node";
import { dirname } from "node:path";
import { withSequence } from "./in-place.ts";
import { printable } from "./printable.ts";
import type { ForeignModel } from "../foreign-model.ts";
import type { ModelSession } from "./model-session.ts";
import type { OnnxModel } from "./read-model.ts";

/**
 * How far onnxruntime may rewrite the graph. Fusion depends on which tensors are outputs, so above `disabled` a tap's last
 * bits depend on the other taps read in the same run.
 */
export type Optimization = "disabled" | "basic" | "extended" | "all";

/** Where the model runs. Only `cpu` gives the same bits on every run; the others are used when asked for and present. */
export type Device = "cpu" | "webgpu" | "cuda";

/** Opens `model` so that `names` can be fetched. The file and the caller's bytes are left as they are. */
export async function openSession(
  model: ForeignModel,
  names: readonly string[],
  optimization: Optimization,
  device: Device = "cpu",
  nodes: readonly NodeProto[] = [], // to add to the graph
  inPlace = false, // to be run by in-place.ts
): Promise<ModelSession> {
  if (model.format === "tfjs") {
    if (device !== "cpu") reject("device", "must be cpu for a model of TensorFlow.js", device);
    const { openTfjsSession } = await import("../tfjs-model/session.ts"); // heavy, and most models are ONNX
    return openTfjsSession(model, names);
  }
  const present = listSupportedBackends().map(({ name }) => name);
  if (!present.includes(device))
    reject("device", `must be one that this build of onnxruntime has, ${present.join(", ")}`, device);
  const folder = model.path === undefined ? undefined : dirname(model.path) || ".";
  const external = model.externalFiles.length > 0 && folder !== undefined;
  const bytes = withOutputs(model, names, nodes);
  try {
    return await InferenceSession.create(inPlace ? withSequence(bytes) : bytes, {
      executionProviders: device === "cpu" ? ["cpu"] : [device, "cpu"],
      graphOptimizationLevel: optimization,
      executionMode: "sequential",
      // One thread: reductions always add in the same order. Speed comes from running batches side by side.
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      enableMemPattern: false, // as fast, and a fifth less memory on Inception v3
      logSeverityLevel: 4, // its messages carry names from the file unescaped; the error is thrown all the same
      ...(external ? { extra: { session: { model_external_initializers_file_folder_path: folder } } } : {}),
    });
  } catch (cause) {
    // The trial has run the model on the processor, so what fails elsewhere is the device.
    return device === "cpu"
      ? rejectRun(model, "onnxruntime must be able to load it", cause)
      : reject("device", `${device} must be usable on this machine`, causeText(cause), "use cpu");
  }
}

/** Turns an error of onnxruntime into ours. Its message may quote the file. */
export function rejectRun(model: Pick<ForeignModel, "name">, rule: string, cause: unknown): never {
  return reject(model.name, rule, causeText(cause));
}

function causeText(cause: unknown): string {
  return printable(cause instanceof Error ? cause.message : String(cause), 600);
}

/**
 * The model's bytes with more nodes and outputs. Protobuf merges a message that is written twice, so appending a model
 * that holds nothing but those adds them: weights are neither decoded nor copied twice, and types are inferred on load.
 */
function withOutputs(model: OnnxModel, names: readonly string[], node: readonly NodeProto[]): Uint8Array {
  const present = new Set(model.graph.outputs);
  const output = [...new Set(names)].filter((name) => !present.has(name)).map((name) => ({ name }));
  if (output.length === 0) return model.bytes;
  const addition = toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph: { output, node: [...node] } }));
  return Buffer.concat([model.bytes, addition]);
}
