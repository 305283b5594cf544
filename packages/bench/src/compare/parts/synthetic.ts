/**
 * @file Drawn problems with a chosen spectrum: x = H D z, z ~ N(0, I), D = diag(s), sⱼ falling geometrically from 1 to
 * κ^(-1/2), so that the covariance of x has condition number κ, and H a product of two Householder reflections, so that
 * no scaling of columns can undo it. Labels come from a linear teacher, sampled from its softmax or, for `separable`,
 * its most probable class, where only rows count that it tells by a clear margin.
 */
import { sha256, type Stream } from "@linear-probes/core";
import { labelledRows } from "./features-of.ts";
import type { LoadedProblem, ProblemContext } from "../problem.ts";

export interface SyntheticShape {
  readonly rows: number; // of each role
  readonly cols: number; // d
  readonly classes: number; // k
  readonly condition: number; // κ of the covariance, ≥ 1
  readonly labels: "sampled" | "separable";
}

/** Deviation of a teacher's logit: sampled labels then leave a Bayes error that grows with k, and no class is empty. */
const TEACHER_LOGIT = 3;

/** Least lead of a separable row's class: far above the rounding of x to float32. */
const CLEAR_MARGIN = 0.01;

export function drawSynthetic(shape: SyntheticShape, { runtime, stream, rows: most }: ProblemContext): LoadedProblem {
  const { cols, classes, condition } = shape;
  const rows = Math.min(most ?? shape.rows, shape.rows);
  const name = `synthetic-${cols}x${classes}-condition-${condition}`;
  const teacher = createTeacher(shape, stream);
  const role = (label: "train" | "test") => ({ ...drawRows(shape, rows, teacher, stream.split(label)), cols, classes });
  const train = role("train");
  const test = role("test");
  const hash = sha256([train, test].map(({ x, labels }) => sha256(bytesOf(x)) + sha256(bytesOf(labels))).join());
  return {
    train: labelledRows(runtime, "train", name, train),
    test: labelledRows(runtime, "test", name, test),
    dataset: { name, sha256: hash, synthetic: false },
  };
}

export interface Teacher {
  readonly weights: Float64Array; // on D z [k, d]
  readonly deviation: Float64Array; // s [d]
  readonly reflections: readonly Float64Array[]; // unit vectors [d]
}

export function createTeacher({ cols, classes, condition }: SyntheticShape, stream: Stream): Teacher {
  const deviation = Float64Array.from({ length: cols }, (_, j) => condition ** (-j / (2 * Math.max(1, cols - 1))));
  const weights = new Float64Array(classes * cols);
  stream.split("teacher").fillNormal(weights);
  // Of z, not of D z: the small directions matter as much as the large ones, and so the solution is hard to reach.
  const scale = TEACHER_LOGIT / Math.sqrt(cols);
  for (let at = 0; at < weights.length; at++) weights[at]! *= scale;
  const reflections = [0, 1].map((index) => {
    const v = new Float64Array(cols);
    stream.split("reflection").split(index).fillNormal(v);
    const norm = Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
    return v.map((value) => value / norm);
  });
  return { weights, deviation, reflections };
}

export function drawRows(
  { cols, classes, labels: rule }: SyntheticShape,
  rows: number,
  teacher: Teacher,
  stream: Stream,
) {
  const x = new Float32Array(rows * cols); // X [n, d]
  const labels = new Int32Array(rows);
  const z = new Float64Array(cols);
  const logits = new Float64Array(classes);
  const inputs = stream.split("inputs");
  const chance = stream.split("labels");
  for (let i = 0; i < rows; i++) {
    for (;;) {
      inputs.fillNormal(z);
      for (let c = 0; c < classes; c++) {
        let sum = 0;
        for (let j = 0; j < cols; j++) sum += teacher.weights[c * cols + j]! * z[j]!;
        logits[c] = sum;
      }
      if (rule === "sampled" || lead(logits) >= CLEAR_MARGIN) break;
    }
    labels[i] = rule === "separable" ? argmax(logits) : sample(logits, chance.uniform());
    for (let j = 0; j < cols; j++) z[j]! *= teacher.deviation[j]!;
    for (const v of teacher.reflections) reflect(z, v);
    x.set(z, i * cols);
  }
  return { x, labels };
}

/** z ← (I - 2 v vᵀ) z. */
function reflect(z: Float64Array, v: Float64Array): void {
  let product = 0;
  for (let j = 0; j < z.length; j++) product += z[j]! * v[j]!;
  for (let j = 0; j < z.length; j++) z[j]! -= 2 * product * v[j]!;
}

function argmax(values: Float64Array): number {
  let best = 0;
  for (let c = 1; c < values.length; c++) if (values[c]! > values[best]!) best = c;
  return best;
}

/** Greatest logit less the second. */
function lead(logits: Float64Array): number {
  const best = argmax(logits);
  return logits[best]! - Math.max(...logits.filter((_, c) => c !== best));
}

/** A class drawn from softmax(logits) by `uniform` in [0, 1). */
function sample(logits: Float64Array, uniform: number): number {
  const most = logits[argmax(logits)]!;
  const weights = logits.map((logit) => Math.exp(logit - most));
  let left = uniform * weights.reduce((sum, weight) => sum + weight, 0);
  for (let c = 0; c < weights.length; c++) if ((left -= weights[c]!) < 0) return c;
  return weights.length - 1;
}

function bytesOf(array: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
