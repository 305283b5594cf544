/**
 * @file Opens a TensorFlow.js model from disk without TensorFlow.js: model.json and the weight files that its manifest
 * names, which must lie in its folder. Structure is checked here; whether tfjs can run it is found out by a trial.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { reject, sha256 } from "@linear-probes/core";
import { z } from "zod";
import { fileInside } from "../onnx/external-data.ts";
import { printable } from "../onnx/printable.ts";
import { readRegularFile } from "../onnx/read-model.ts";
import type { TapGraph } from "../onnx/tap-graph.ts";
import { graphDefGraph } from "./graph-def.ts";
import { layersGraph } from "./layers-graph.ts";
import { orderedGraph } from "./raw-graph.ts";

/** The contents of a model's files. */
export interface TfjsParts {
  readonly json: Uint8Array;
  readonly weights: Uint8Array; // of all files, one after the other
}

/** What reads the numbers: results depend on it in their last bits. */
export type TfjsProbeBackend = "wasm" | "cpu";

export interface TfjsModel {
  readonly format: "tfjs";
  readonly name: string;
  readonly path?: string;
  readonly parts: TfjsParts;
  readonly kind: "layers" | "graph";
  readonly producer: string;
  readonly graph: TapGraph;
  readonly operators: ReadonlyMap<string, string>; // the file's word for what makes a tensor
  readonly refused: ReadonlyMap<string, string>;
  readonly weightSpecs: readonly WeightSpec[];
  /** sha256 of model.json and its weights. */
  readonly fingerprint: string;
  readonly backend: TfjsProbeBackend;
}

const maxJsonBytes = 2 ** 28;
const maxWeightBytes = 2 ** 31 - 1;

const bytesOf: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  complex64: 8,
  float16: 2,
  uint16: 2,
  uint8: 1,
  bool: 1,
};
const weight = z.looseObject({
  name: z.string(),
  shape: z.array(z.int().min(0)).max(64),
  dtype: z.enum(["float32", "int32", "bool", "complex64", "string"]),
  quantization: z
    .object({
      dtype: z.enum(["uint8", "uint16", "float16"]),
      scale: z.number().exactOptional(),
      min: z.number().exactOptional(),
    })
    .optional(),
});
type WeightSpec = z.infer<typeof weight>;
const file = z.looseObject({
  modelTopology: z.looseObject({}),
  weightsManifest: z.array(z.object({ paths: z.array(z.string()), weights: z.array(weight) })),
  generatedBy: z.string().nullish(),
  signature: z.unknown().optional(),
});

export function readTfjs(source: string | TfjsParts, name?: string, backend: TfjsProbeBackend = "wasm"): TfjsModel {
  const path = typeof source === "string" ? source : undefined;
  const shown = printable(name ?? (path === undefined ? "model" : path.split(/[/\\]/).slice(-2).join("/")));
  const json = typeof source === "string" ? new Uint8Array(readRegularFile(shown, source)) : source.json;
  const { modelTopology, weightsManifest, generatedBy, signature } = parse(shown, json);
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const expected = checkSpecs(shown, weightSpecs);
  const weights =
    typeof source === "string"
      ? readShards(
          shown,
          dirname(source),
          weightsManifest.flatMap(({ paths }) => paths),
          expected,
        )
      : source.weights;
  if (expected !== null && weights.byteLength !== expected)
    reject(`${shown}: weights`, `must be the ${expected} bytes of the declared shapes`, weights.byteLength);
  const kind = "node" in modelTopology ? "graph" : "layers";
  const raw = kind === "graph" ? graphDefGraph(shown, modelTopology, signature) : layersGraph(shown, modelTopology);
  const dims = new Map(weightSpecs.map((spec) => [spec.name, spec.shape]));
  return {
    format: "tfjs",
    name: shown,
    ...(path === undefined ? {} : { path }),
    parts: { json, weights },
    kind,
    producer: printable(generatedBy ?? ""),
    ...orderedGraph(shown, raw, dims),
    weightSpecs,
    fingerprint: sha256(`${sha256(json)} ${sha256(weights)}`),
    backend,
  };
}

function parse(shown: string, json: Uint8Array): z.infer<typeof file> {
  if (!(json.byteLength <= maxJsonBytes))
    reject(`${shown}: file`, "must be at most 256 MiB of JSON", `${json.byteLength} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(json));
  } catch (cause) {
    return reject(
      `${shown}: file`,
      "must be JSON",
      printable(cause instanceof Error ? cause.message : "unreadable", 200),
    );
  }
  const result = file.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  return reject(
    [shown, ...(issue?.path ?? []).map((part) => printable(String(part), 40))].join(": "),
    "must be a model.json of TensorFlow.js, with its weightsManifest",
    printable(issue?.message ?? "something else", 200),
  );
}

/** Bytes of all weights; null when strings, whose length only the files tell, are among them. */
function checkSpecs(shown: string, specs: readonly WeightSpec[]): number | null {
  const names = new Set<string>();
  let total = 0;
  for (const { name, shape, dtype, quantization } of specs) {
    if (names.has(name)) reject(`${shown}: weightsManifest`, "must name each weight once", printable(name));
    names.add(name);
    total += shape.reduce((count, dim) => count * dim, bytesOf[quantization?.dtype ?? dtype] ?? 0);
    if (!(total <= maxWeightBytes))
      reject(
        `${shown}: weight "${printable(name)}"`,
        "all weights must be smaller than 2 GiB",
        `[${shape.join(", ")}]`,
      );
  }
  return specs.some(({ dtype }) => dtype === "string") ? null : total;
}

function readShards(shown: string, folder: string, paths: readonly string[], expected: number | null): Uint8Array {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (const path of paths) {
    const where = `${shown}: weightsManifest.paths`;
    const found = fileInside(where, folder, path);
    const handle = openSync(found, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    try {
      const stat = fstatSync(handle);
      if (!stat.isFile()) reject(where, "must be a regular file", printable(path));
      total += stat.size;
      if (!(total <= (expected ?? maxWeightBytes)))
        reject(
          `${where} "${printable(basename(path))}"`,
          `all files together must be ${expected ?? "fewer than 2^31"} bytes`,
          total,
        );
      chunks.push(readFileSync(handle));
    } finally {
      closeSync(handle);
    }
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** What tfjs's own loaders take. */
export function artifactsOf({ parts, weightSpecs }: TfjsModel) {
  const { modelTopology } = parse("model", parts.json);
  return {
    modelTopology,
    weightSpecs: weightSpecs.map(({ name, shape, dtype, quantization }) => ({
      name,
      shape,
      dtype,
      ...(quantization && { quantization }),
    })),
    weightData: parts.weights.slice().buffer,
  };
}
