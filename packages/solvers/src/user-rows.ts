/**
 * @file Features and labels as users have them: numbers in memory, or an npy, npz or safetensors file; labels that are
 * numbers or words. Everything is checked before anything is fitted.
 */
import { readFileSync } from "node:fs";
import { basename, extname } from "node:path";
import { readNpy, readNpz, readSafetensors, reject } from "@linear-probes/core";

/** A name in an npz or safetensors file; npy files hold one array and need no key. */
export interface ArrayFile {
  readonly file: string;
  readonly key?: string;
}

/** A row-major matrix, its rows, or a file. */
export type FeatureSource =
  | { readonly values: Float32Array | Float64Array; readonly cols: number }
  | readonly (readonly number[])[]
  | ArrayFile;

export type Label = string | number;
export type LabelSource = readonly Label[] | Int32Array | ArrayFile;

export interface FeatureMatrix {
  readonly rows: number;
  readonly cols: number;
  readonly values: Float32Array; // X [n, d]
}

/** X [n, d]. Numbers are kept as float32. */
export function readFeatures(source: FeatureSource): FeatureMatrix {
  if ("file" in source) {
    const { shape, values } = readArray(source);
    const [rows = 0, cols = 0] = shape;
    if (shape.length !== 2)
      reject(nameOf(source), "features must have two axes, rows and columns", `[${shape.join(", ")}]`);
    return { rows, cols, values: toFloat32(values) };
  }
  if ("cols" in source) {
    const { values, cols } = source;
    const rows = values.length / cols;
    if (!(Number.isInteger(cols) && cols > 0)) reject("cols", "must be a positive integer", cols);
    if (!Number.isInteger(rows)) reject("features", `must be whole rows of ${cols} numbers`, values.length);
    return { rows, cols, values: toFloat32(values) };
  }
  const cols = source[0]?.length ?? 0;
  const ragged = source.findIndex((row) => row.length !== cols);
  if (ragged >= 0)
    reject(`features[${ragged}]`, `must have ${cols} columns like the first row`, source[ragged]?.length);
  return { rows: source.length, cols, values: Float32Array.from(source.flat()) };
}

/** One label per row. */
export function readLabels(source: LabelSource): readonly Label[] {
  if (source instanceof Int32Array) return [...source];
  if (!("file" in source)) return source;
  const { shape, values } = readArray(source);
  if (shape.length !== 1) reject(nameOf(source), "labels must have one axis", `[${shape.join(", ")}]`);
  return Array.from<number | bigint, number>(values, Number);
}

/** The classes in order: numbers by value, words by code point. */
export function classesOf(labels: readonly Label[]): readonly Label[] {
  const bad = labels.findIndex((label) => typeof label === "number" && !Number.isFinite(label));
  if (bad >= 0) reject(`labels[${bad}]`, "must be a finite number or text", labels[bad]);
  const distinct = [...new Set(labels)];
  const words = distinct.filter((label) => typeof label === "string");
  if (words.length > 0 && words.length < distinct.length) {
    reject("labels", "must be all numbers or all text", "both", "turn them into text");
  }
  return distinct.sort((a, b) => (a < b ? -1 : 1));
}

/** Labels as 0 .. classes-1. */
export function encodeLabels(labels: readonly Label[], classes: readonly Label[]): Int32Array {
  const index = new Map(classes.map((label, at) => [label, at]));
  return Int32Array.from(labels, (label, row) => {
    return index.get(label) ?? reject(`labels[${row}]`, "must be one of the classes fitted", label);
  });
}

type Numbers = ArrayLike<number> | ArrayLike<bigint>;

function readArray(source: ArrayFile): {
  readonly shape: readonly number[];
  readonly values: Numbers & Iterable<number | bigint>;
} {
  const { file, key } = source;
  const content = readFileSync(file);
  const kind = extname(file);
  if (kind === ".npy") return readNpy(content, basename(file));
  if (kind !== ".npz" && kind !== ".safetensors") {
    return reject(basename(file), "must be an npy, npz or safetensors file", kind);
  }
  const arrays = kind === ".npz" ? readNpz(content, basename(file)) : readSafetensors(content, basename(file)).tensors;
  const only = arrays.size === 1 ? [...arrays.keys()][0] : undefined;
  const found = arrays.get(key ?? only ?? "");
  return found ?? reject(basename(file), `key must be one of ${[...arrays.keys()].join(" ")}`, key);
}

function nameOf({ file, key }: ArrayFile): string {
  return key === undefined ? basename(file) : `${basename(file)}: ${key}`;
}

function toFloat32(values: Iterable<number | bigint>): Float32Array {
  return values instanceof Float32Array ? values : Float32Array.from<number | bigint>(values, Number);
}
