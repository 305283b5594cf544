/**
 * @file The reference back end: plain TypeScript in float64, written to be read. It is the test oracle of the `wasm`
 * back end, and what to use where WebAssembly threads are not to be had. Everything is kept in memory.
 */
import { createHash } from "node:crypto";
import { reject } from "../errors.ts";
import { checkHead, type CreateFeaturesOptions, type Features, type FeatureWriter, type Runtime } from "./kernels.ts";
import { bindReference } from "./reference-problem.ts";
import { weightedRowsOf } from "./weighted-rows.ts";

/** A {@link Runtime} on the calling thread. */
export function createReferenceRuntime(): Runtime {
  const runtime: Runtime = {
    backend: "reference",
    threads: 1,
    createFeatures,
    bind: (features, binding) => bindReference(features, valuesOf(features), binding),
    valueTogether: (products) =>
      products.map(({ kernels, weights, bias, gradient, biasGradient, margins, from }) =>
        kernels.valueAndGradient(weights, bias, gradient, biasGradient, margins, from),
      ),
    backwardTogether: (products) =>
      products.map(({ kernels, margins, gradient, biasGradient }) => kernels.backward(margins, gradient, biasGradient)),
    sweepsTogether: (products) => products.map(({ kernels, sweep }) => kernels.rmspropEpoch(sweep)),
    weightedRows: (features, sample) => weightedRowsOf(runtime, features, sample),
    dispose: async () => {},
  };
  return runtime;
}

/** The numbers of features made here, until released. */
const store = new WeakMap<Features, Float32Array>();

function valuesOf(features: Features): Float32Array {
  return store.get(features) ?? reject("features", "must be of this runtime and not released", features.hash);
}

function createFeatures({ rows, cols, name = "features" }: CreateFeaturesOptions): FeatureWriter {
  if (!(Number.isInteger(rows) && rows > 0)) reject(name, "rows must be a positive integer", rows);
  if (!(Number.isInteger(cols) && cols > 0)) reject(name, "columns must be a positive integer", cols);
  let x: Float32Array | undefined = new Float32Array(rows * cols); // X [n, d]
  const written = new Uint8Array(rows);
  return {
    write(rowStart, block) {
      const count = block.length / cols;
      if (!Number.isInteger(count)) reject(name, `a block must hold whole rows of ${cols} numbers`, block.length);
      if (!(Number.isInteger(rowStart) && rowStart >= 0 && rowStart + count <= rows)) {
        reject(name, `a block must lie within ${rows} rows`, `rows ${rowStart}..${rowStart + count - 1}`);
      }
      const bad = block.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) {
        const where = `row ${rowStart + Math.floor(bad / cols)}, column ${bad % cols}`;
        reject(name, `numbers must be finite at ${where}`, block[bad]);
      }
      x ??= reject(name, "must not be written after finish or abandon", "a write");
      x.set(block, rowStart * cols);
      written.fill(1, rowStart, rowStart + count);
    },
    place: () => undefined,
    finish() {
      const missing = written.indexOf(0);
      if (missing >= 0) reject(name, "every row must be written", `nothing in row ${missing}`);
      if (x === undefined) return reject(name, "must be finished once", "a second finish");
      const features = finished(rows, cols, x);
      x = undefined;
      return features;
    },
    abandon() {
      x = undefined;
    },
  };
}

function finished(rows: number, cols: number, x: Float32Array): Features {
  const hash = createHash("sha256").update(`${rows}x${cols}:`).update(x).digest("hex");
  let moments: { readonly mean: Float64Array; readonly variance: Float64Array } | undefined;
  const features: Features = {
    rows,
    cols,
    hash,
    storage: "memory",
    moments: () => (moments ??= columnMoments(valuesOf(features), rows, cols)),
    readRows(wanted) {
      const values = valuesOf(features);
      const out = new Float32Array(wanted.length * cols);
      for (let i = 0; i < wanted.length; i++) {
        const row = wanted[i]!;
        if (!(Number.isInteger(row) && row >= 0 && row < rows)) reject("readRows", `rows are 0..${rows - 1}`, row);
        out.set(values.subarray(row * cols, (row + 1) * cols), i * cols);
      }
      return out;
    },
    head(first) {
      checkHead(first, rows);
      return finished(first, cols, valuesOf(features).subarray(0, first * cols));
    },
    release: () => void store.delete(features),
  };
  store.set(features, x);
  return features;
}

function columnMoments(x: Float32Array, n: number, d: number): { mean: Float64Array; variance: Float64Array } {
  const mean = new Float64Array(d);
  const variance = new Float64Array(d);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) mean[j]! += x[i * d + j]!;
  for (let j = 0; j < d; j++) mean[j]! /= n;
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) variance[j]! += (x[i * d + j]! - mean[j]!) ** 2;
  for (let j = 0; j < d; j++) variance[j]! /= n;
  return { mean, variance };
}
