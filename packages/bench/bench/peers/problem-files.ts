/** @file One problem of the comparison as files: float32 features with the declared scaling applied, int32 labels. */
import { createWriteStream, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { type LabelledFeatures, type Scaling, writeNpy } from "@linear-probes/core";
import { valuesOf } from "../../src/compare/parts/features-of.ts";
import type { ProblemFiles } from "./peer.ts";

/** The numbers of the files, for whoever fits in this process. */
export interface ProblemData {
  readonly files: ProblemFiles;
  readonly x: Float32Array; // X [n, d], scaled
  readonly labels: Int32Array;
}

export function writeProblem(
  name: string,
  train: LabelledFeatures<"train">,
  scaling: Scaling,
  folder: string,
): ProblemData {
  const x = scaledValues(train, scaling);
  const { labels, classes } = train;
  const { rows, cols } = train.features;
  const path = (extension: string): string => join(folder, `${name}.${extension}`);
  writeFileSync(path("features.npy"), writeNpy([rows, cols], x));
  writeFileSync(path("labels.npy"), writeNpy([rows], labels));
  let text: Promise<string> | undefined;
  const files = {
    name,
    features: path("features.npy"),
    labels: path("labels.npy"),
    svmlight: () => (text ??= writeSvmlight(path("svm"), x, labels, cols)),
    rows,
    cols,
    classes,
  };
  return { files, x, labels };
}

/** Centring changes no optimum, but no peer is spared from doing it: only `standardize` is the problem's own. */
function scaledValues({ features }: LabelledFeatures<"train">, scaling: Scaling): Float32Array {
  const x = valuesOf(features);
  if (scaling !== "standardize") return x;
  const { mean, variance } = features.moments();
  const inverse = variance.map((value) => (value > 0 ? 1 / Math.sqrt(value) : 0));
  for (let at = 0; at < x.length; at++) {
    const col = at % features.cols;
    x[at] = (x[at]! - mean[col]!) * inverse[col]!;
  }
  return x;
}

/** Nine digits give every float32 back. */
async function writeSvmlight(path: string, x: Float32Array, labels: Int32Array, cols: number): Promise<string> {
  const out = createWriteStream(path);
  for (const [row, label] of labels.entries()) {
    let line = String(label);
    for (let col = 0; col < cols; col++) line += ` ${col + 1}:${x[row * cols + col]!.toPrecision(9)}`;
    if (!out.write(`${line}\n`)) await once(out, "drain");
  }
  out.end();
  await once(out, "finish");
  return path;
}
