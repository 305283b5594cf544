/**
 * @file Opens an ONNX file (ONNX IR specification, onnx.proto): sizes bounded before decoding, structure checked after,
 * identity by hash. A file that passes is well formed; whether onnxruntime can run it is found out by a trial (trial.ts).
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { reject, sha256 } from "@linear-probes/core";
import { ModelProtoSchema } from "onnx-buf";
import type { ModelProto } from "onnx-buf";
import { readExternalFiles } from "./external-data.ts";
import type { ExternalFile } from "./external-data.ts";
import { buildGraph } from "./graph.ts";
import type { OnnxGraph } from "./graph.ts";
import { printable } from "./printable.ts";
import { decodedBytes } from "./scan-protobuf.ts";

export interface OnnxModel {
  readonly format: "onnx";
  /** How messages name it: the file's name, or what the caller says. */
  readonly name: string;
  /** Where it was read from; absent when it was given as bytes. */
  readonly path?: string;
  readonly bytes: Uint8Array;
  readonly opset: number;
  readonly producer: string;
  readonly graph: OnnxGraph;
  readonly externalFiles: readonly ExternalFile[];
  /** sha256 of the model's bytes and of the external files it names: the model's identity in every cache key. */
  readonly fingerprint: string;
}

const maxFileBytes = 2 ** 31 - 1; // protobuf's own limit; larger models keep their weights in external data
const maxDecodedBytes = 1.5e9; // half of a default heap
const maxDepth = 90; // below protobuf's own limit of 100; a real If inside an If inside a Loop takes about 12
const opsets = { oldest: 7, newest: 23 };

/** Reads and checks a model, given by its path or as bytes. */
export function readModel(source: string | Uint8Array, name?: string): OnnxModel {
  const path = typeof source === "string" ? source : undefined;
  const shown = printable(name ?? (path === undefined ? "model" : basename(path)));
  const bytes = typeof source === "string" ? readRegularFile(shown, source) : source;
  const proto = decode(shown, bytes);
  const opset = checkOpset(shown, proto);
  if (!proto.graph || proto.graph.node.length === 0) return reject(`${shown}: graph`, "must have nodes", 0);
  const graph = buildGraph(shown, proto.graph);
  const externalFiles = readExternalFiles(shown, path === undefined ? undefined : dirname(path), graph.external);
  const own = sha256(bytes);
  return {
    format: "onnx",
    name: shown,
    ...(path === undefined ? {} : { path }),
    bytes,
    opset,
    producer: printable(`${proto.producerName} ${proto.producerVersion}`.trim()),
    graph,
    externalFiles,
    fingerprint: externalFiles.length === 0 ? own : sha256(JSON.stringify([own, externalFiles])),
  };
}

/** The bytes of a file that is neither a folder, a device nor a pipe. */
export function readRegularFile(shown: string, path: string): Uint8Array {
  let handle: number;
  try {
    // Without waiting: opening a pipe that nobody writes to would hang.
    handle = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    return reject(
      `${shown}: file`,
      "must be readable",
      cause instanceof Error ? printable(cause.message, 300) : "error",
    );
  }
  try {
    const stat = fstatSync(handle);
    if (!stat.isFile()) reject(`${shown}: file`, "must be a regular file", "a folder, device or pipe");
    if (!(stat.size <= maxFileBytes))
      reject(`${shown}: file`, "must be smaller than 2 GiB", stat.size, "keep the weights in external data");
    return readFileSync(handle);
  } finally {
    closeSync(handle);
  }
}

function decode(shown: string, bytes: Uint8Array): ModelProto {
  if (bytes.byteLength === 0) reject(`${shown}: file`, "must not be empty", "0 bytes");
  if (!(bytes.byteLength <= maxFileBytes)) reject(`${shown}: file`, "must be smaller than 2 GiB", bytes.byteLength);
  let heap: number;
  try {
    heap = decodedBytes(ModelProtoSchema, bytes, maxDepth);
  } catch (cause) {
    return reject(
      `${shown}: protobuf`,
      "must be a whole ONNX file",
      message(cause),
      "the file is truncated or not ONNX",
    );
  }
  if (!(heap <= maxDecodedBytes))
    reject(`${shown}: protobuf`, "must decode into at most 1.5 GB", `about ${Math.round(heap / 1e6)} MB`);
  try {
    return fromBinary(ModelProtoSchema, bytes, { readUnknownFields: false });
  } catch (cause) {
    return reject(
      `${shown}: protobuf`,
      "must be a whole ONNX file",
      message(cause),
      "the file is truncated or not ONNX",
    );
  }
}

function checkOpset(shown: string, proto: ModelProto): number {
  const standard = proto.opsetImport.filter(({ domain }) => domain === "" || domain === "ai.onnx");
  const version = Number(standard[0]?.version ?? 0n);
  if (standard.length === 0) reject(`${shown}: opset_import`, "must name the standard operator set", "none");
  if (!(version >= opsets.oldest && version <= opsets.newest))
    reject(
      `${shown}: opset_import`,
      `must be ${opsets.oldest} to ${opsets.newest}`,
      version,
      "convert it with onnx.version_converter",
    );
  return version;
}

function message(cause: unknown): string {
  return cause instanceof Error ? printable(cause.message, 300) : "unreadable";
}
