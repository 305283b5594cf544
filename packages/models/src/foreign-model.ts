/** @file A model file of any format that can be probed: ONNX, or TensorFlow.js's model.json with its weights. */
import type { Stream } from "@linear-probes/core";
import { readModel } from "./onnx/read-model.ts";
import type { OnnxModel } from "./onnx/read-model.ts";
import { untrainedTwin } from "./onnx/untrained-twin.ts";
// What reads TensorFlow.js is loaded when it is wanted: every trial and every lane starts with this file.
import type { TfjsModel, TfjsParts, TfjsProbeBackend } from "./tfjs-model/read-tfjs.ts";

export type ForeignModel = OnnxModel | TfjsModel;

/** What a model can be read from again, in another thread or process. */
export type ModelSource = string | Uint8Array | TfjsSource;

interface TfjsSource {
  readonly tfjs: string | TfjsParts;
  readonly backend: TfjsProbeBackend;
}

/** Reads and checks a model, given by its path, as the bytes of an ONNX file, or as `sourceOf` says. */
export async function readForeignModel(source: ModelSource, name?: string): Promise<ForeignModel> {
  if (source instanceof Uint8Array || (typeof source === "string" && !source.endsWith(".json")))
    return readModel(source, name);
  const { readTfjs } = await import("./tfjs-model/read-tfjs.ts");
  return typeof source === "string" ? readTfjs(source, name) : readTfjs(source.tfjs, name, source.backend);
}

export function sourceOf(model: ForeignModel): ModelSource {
  if (model.format === "tfjs") return { tfjs: model.path ?? model.parts, backend: model.backend };
  return model.path ?? model.bytes;
}

/** The same graph with random weights; every draw comes from `stream`. */
export async function twinOf(model: ForeignModel, stream: Stream): Promise<ForeignModel> {
  if (model.format === "onnx") return untrainedTwin(model, stream);
  const { tfjsTwin } = await import("./tfjs-model/tfjs-twin.ts");
  return tfjsTwin(model, stream);
}

/** The format in words, for people. */
export function formatOf(model: ForeignModel): string {
  return model.format === "tfjs" ? `TensorFlow.js ${model.kind} model, on ${model.backend}` : `opset ${model.opset}`;
}
