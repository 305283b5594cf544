/** @file A LIBSVM-format file of the user's; without a test file a fifth of its rows, drawn at random, are the test. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { sha256, splitRows, type Stream } from "@linear-probes/core";
import { type LibsvmRows, readLibsvm } from "@linear-probes/models";
import { type DenseRows, labelledRows } from "../parts/features-of.ts";
import type { CompareProblem } from "../problem.ts";

export interface LibsvmFiles {
  readonly train: string; // path
  readonly test?: string;
}

const HELD_OUT = 0.2;

export function libsvmFile(files: LibsvmFiles): CompareProblem {
  return {
    name: basename(files.train),
    about: "a LIBSVM-format file",
    scaling: "standardize",
    l2: [1e-2, 1e-4, 1e-6],
    async load({ runtime, stream, rows }) {
      const content = readFileSync(files.train);
      const all = readLibsvm(content, files.train);
      const { cols, labelValues } = all;
      const test =
        files.test === undefined ? undefined : readLibsvm(readFileSync(files.test), files.test, { cols, labelValues });
      const parts = test === undefined ? holdOut(all, stream.split("split")) : { train: all, test };
      return {
        train: labelledRows(runtime, "train", files.train, dense(parts.train, rows)),
        test: labelledRows(runtime, "test", files.test ?? files.train, dense(parts.test, rows)),
        dataset: { name: basename(files.train), sha256: sha256(content), synthetic: false },
      };
    },
  };
}

function dense({ inputs, labels, cols, classes }: LibsvmRows, most = Infinity): DenseRows {
  const rows = Math.min(most, labels.length);
  return { x: inputs.subarray(0, rows * cols), labels: labels.subarray(0, rows), cols, classes };
}

function holdOut(all: LibsvmRows, stream: Stream): { readonly train: LibsvmRows; readonly test: LibsvmRows } {
  const rows = all.labels.length;
  const test = Math.floor(HELD_OUT * rows);
  const split = splitRows(rows, { train: rows - test, validation: 0, test }, stream);
  return { train: takeRows(all, split.train), test: takeRows(all, split.test) };
}

function takeRows(all: LibsvmRows, rows: Int32Array): LibsvmRows {
  const { cols } = all;
  const inputs = new Float32Array(rows.length * cols);
  rows.forEach((row, at) => inputs.set(all.inputs.subarray(row * cols, (row + 1) * cols), at * cols));
  return { ...all, inputs, labels: rows.map((row) => all.labels[row] ?? 0) };
}
