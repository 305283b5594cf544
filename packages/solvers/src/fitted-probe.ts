/** @file A probe in the user's own terms: it predicts the labels it was given, and can be kept in one file. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import {
  readSafetensors,
  reject,
  softmaxRow,
  writeFileAtomic,
  writeSafetensors,
  type Certificate,
  type FitResult,
  type Scaling,
} from "@linear-probes/core";
import { readFeatures, type FeatureSource, type Label } from "./user-rows.ts";

/** How a probe came about; kept with it. */
export interface ProbeRecord {
  readonly classes: readonly Label[]; // in the order of the rows of W
  readonly l2: number;
  readonly scaling: Scaling;
  readonly rows: number; // n
  readonly featuresHash: string;
  readonly solver: string;
  readonly settings: FitResult["settings"];
  readonly status: FitResult["status"];
  readonly reason: string;
  readonly passes: number;
  readonly certificate: Certificate;
}

export interface FittedProbe extends ProbeRecord {
  readonly cols: number; // d
  readonly weights: Float64Array; // W [k, d] for raw features; sklearn's coef_
  readonly bias: Float64Array; // b [k]; sklearn's intercept_
  /** The label of greatest probability for each row. */
  predict(features: FeatureSource): Label[];
  /** softmax(W x + b) [m, k], classes in the order of `classes`. */
  predictProba(features: FeatureSource): Float64Array;
}

export function fittedProbe(record: ProbeRecord, cols: number, weights: Float64Array, bias: Float64Array): FittedProbe {
  const k = record.classes.length;
  const predictProba = (source: FeatureSource): Float64Array => {
    const { rows, cols: given, values } = readFeatures(source);
    if (given !== cols) reject("features", `must have the ${cols} columns that the probe was fitted on`, given);
    const p = new Float64Array(rows * k);
    const z = new Float64Array(k);
    for (let i = 0; i < rows; i++) {
      for (let c = 0; c < k; c++) {
        let sum = bias[c]!;
        for (let j = 0; j < cols; j++) sum += weights[c * cols + j]! * values[i * cols + j]!;
        z[c] = sum;
      }
      softmaxRow(z, 0, k, p.subarray(i * k, (i + 1) * k));
    }
    return p;
  };
  const predict = (source: FeatureSource): Label[] => {
    const p = predictProba(source);
    return Array.from({ length: p.length / k }, (_, i) => {
      const row = p.subarray(i * k, (i + 1) * k);
      return record.classes[row.indexOf(Math.max(...row))] ?? reject("features", "must be finite", `row ${i}`);
    });
  };
  return { ...record, cols, weights, bias, predict, predictProba };
}

const RECORD = "linear-probe";

/** Writes a probe to one safetensors file: `weights` [k, d] and `bias` [k] as float64, and the record as JSON. */
export function saveProbe(path: string, probe: FittedProbe): void {
  const { classes, l2, scaling, rows, featuresHash, solver, settings, status, reason, passes, certificate } = probe;
  const record: ProbeRecord = {
    classes,
    l2,
    scaling,
    rows,
    featuresHash,
    solver,
    settings,
    status,
    reason,
    passes,
    certificate,
  };
  const tensors = new Map([
    ["weights", { shape: [classes.length, probe.cols], values: probe.weights }],
    ["bias", { shape: [classes.length], values: probe.bias }],
  ]);
  writeFileAtomic(path, writeSafetensors(tensors, { [RECORD]: JSON.stringify(record) }));
}

/** Reads what {@link saveProbe} wrote. */
export function loadProbe(path: string): FittedProbe {
  const subject = basename(path);
  const { tensors, metadata } = readSafetensors(readFileSync(path), subject);
  const record = parseRecord(metadata[RECORD], subject);
  const k = record.classes.length;
  const weights = tensors.get("weights");
  const bias = tensors.get("bias");
  const [classes, cols] = weights?.shape ?? [];
  if (!(weights?.values instanceof Float64Array && classes === k && cols !== undefined)) {
    return reject(subject, `weights must be float64 of ${k} classes`, `[${weights?.shape.join(", ")}]`);
  }
  if (!(bias?.values instanceof Float64Array && bias.values.length === k)) {
    return reject(subject, `bias must be float64 of ${k} classes`, `[${bias?.shape.join(", ")}]`);
  }
  return fittedProbe(record, cols, weights.values, bias.values);
}

function parseRecord(text: string | undefined, subject: string): ProbeRecord {
  const parsed: unknown = text === undefined ? undefined : JSON.parse(text);
  return isRecord(parsed) ? parsed : reject(subject, `must be a probe saved by saveProbe`, "no record of one");
}

function isRecord(value: unknown): value is ProbeRecord {
  return typeof value === "object" && value !== null && "classes" in value && Array.isArray(value.classes);
}
