/** @file The untrained twin of a TensorFlow.js model: the same graph, its weights redrawn as untrained-twin.ts says. */
import { reject } from "@linear-probes/core";
import type { Stream } from "@linear-probes/core";
import { redraw } from "../onnx/redraw.ts";
import { readTfjs } from "./read-tfjs.ts";
import type { TfjsModel } from "./read-tfjs.ts";

export function tfjsTwin(model: TfjsModel, stream: Stream): TfjsModel {
  const { parts, weightSpecs, name, backend } = model;
  const weights = parts.weights.slice(); // aligned
  let at = 0;
  let redrawn = 0;
  for (const spec of weightSpecs) {
    const count = spec.shape.reduce((total, dim) => total * dim, 1);
    if (spec.dtype === "string" || spec.quantization !== undefined)
      reject(
        `${name}: weight`,
        "must be plain numbers for an untrained twin",
        "quantised weights or strings",
        "leave the controls out",
      );
    const bytes = count * (spec.dtype === "complex64" ? 8 : spec.dtype === "bool" ? 1 : 4);
    if (spec.dtype === "float32") {
      const values = Float32Array.from(new Float32Array(weights.slice(at, at + bytes).buffer));
      const drawn = redraw(Float64Array.from(values), spec.shape.length, stream.split(spec.name));
      if (drawn) {
        weights.set(new Uint8Array(Float32Array.from(drawn).buffer), at);
        redrawn += 1;
      }
    }
    at += bytes;
  }
  if (redrawn === 0) reject(`${name}: weights`, "must hold floating-point weights for an untrained twin", "none");
  return readTfjs({ json: parts.json, weights }, `${name}, untrained twin`, backend);
}
