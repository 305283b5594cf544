/**
 * @file Data named on the command line: a dataset of ours, or the user's own file or folder (images, csv, npz, npy, idx, LIBSVM).
 * Which array is what follows from its name: x_train, y_train, x_test, y_test, or inputs and labels; see docs of each.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { readNpy, readNpz, reject } from "@linear-probes/core";
import type { NpyArray } from "@linear-probes/core";
import type { Dataset, LoadedDataset, LoadOptions } from "../dataset.ts";
import { cifar10 } from "./cifar10.ts";
import { gaussianHalfspace } from "./gaussian-halfspace.ts";
import { readLibsvm } from "./libsvm.ts";
import { mnist } from "./mnist.ts";
import { isImageFolder, readImageFolder } from "./image-folder.ts";
import { fromArrays, fromTable } from "./parts/arrays.ts";
import type { NamedArrays } from "./parts/arrays.ts";
import { readCsv } from "./parts/csv.ts";
import { parseIdx } from "./parts/idx.ts";
import { readDataFile } from "./parts/read-file.ts";
import { syntheticDigits } from "./synthetic-digits.ts";

export interface UserDataOptions extends LoadOptions {
  /** The file of the labels, where they are not beside the inputs. */
  readonly labels?: string;
  /** The column of the labels in a csv. Default: label, labels, class, target or y. */
  readonly labelColumn?: string;
  /** The size images are brought to. Default: as they are, all of one size. */
  readonly imageSize?: { readonly height: number; readonly width: number };
  /** How much is held out where the data has no test set. Default 0.2. */
  readonly testFraction?: number;
}

const DATASETS: readonly Dataset[] = [mnist, cifar10, syntheticDigits, gaussianHalfspace];
const MOST_BYTES = 2 ** 31; // of one file, unpacked; what a Buffer of zlib can hold

/** `what` is the name of a dataset or a path. */
export async function loadData(what: string, options: UserDataOptions = {}): Promise<LoadedDataset> {
  const known = DATASETS.find(({ name }) => name === what);
  if (known !== undefined) return known.load(options);
  if (!existsSync(what)) {
    reject(
      "data",
      `must be ${DATASETS.map(({ name }) => name).join(", ")}, a file or a folder`,
      what,
      "check the path",
    );
  }
  const folder = statSync(what).isDirectory();
  if (folder && isImageFolder(what)) return readImageFolder(what, options);
  const table = /\.([ct])sv(?:\.gz)?$/.exec(what)?.[1];
  if (table !== undefined) {
    const content = readDataFile(what, MOST_BYTES);
    const { inputs, labels } = readCsv(content, what, table === "c" ? "," : "\t", options.labelColumn);
    return fromTable(what, basename(what), inputs, labels, options);
  }
  const arrays = folder ? readFolder(what) : readArrays(what, options);
  return fromArrays(what, basename(what), withLabels(arrays, options), options);
}

function readArrays(path: string, { labels }: UserDataOptions): NamedArrays {
  const content = readDataFile(path, MOST_BYTES);
  const plain = path.replace(/\.gz$/, "");
  if (plain.endsWith(".npz")) return readNpz(content, path, MOST_BYTES);
  if (/\.(libsvm|svm|svmlight)$/.test(plain)) {
    const { inputs, cols, labels: classes, labelValues } = readLibsvm(content, path);
    const original = Float64Array.from(classes, (c) => labelValues[c] ?? Number.NaN);
    return new Map<string, NpyArray>([
      ["inputs", { shape: [classes.length, cols], values: inputs }],
      ["labels", { shape: [classes.length], values: original }],
    ]);
  }
  const inputs: [string, NpyArray] = ["inputs", readArray(path, content)];
  if (labels !== undefined) return new Map([inputs]);
  const beside = join(dirname(path), "labels.npy");
  if (!existsSync(beside)) reject(path, "needs labels", `no ${beside}`, "name their file with the labels option");
  return new Map([inputs, ["labels", readArray(beside)]]);
}

/** A folder of npy files, or of idx files named as MNIST's are, is read like one archive. */
function readFolder(folder: string): NamedArrays {
  const arrays = new Map<string, NpyArray>();
  for (const file of readdirSync(folder).sort()) {
    const key = arrayName(file);
    if (key === undefined) continue;
    if (arrays.has(key)) reject(folder, `must have one file of ${key}`, file, "remove one of them");
    arrays.set(key, readArray(join(folder, file)));
  }
  if (arrays.size === 0) reject(folder, "must hold npy files, or idx files named as MNIST's are", "none");
  return arrays;
}

/** inputs.npy is "inputs"; t10k-images-idx3-ubyte.gz is "test_images". */
function arrayName(file: string): string | undefined {
  const npy = /^(.+)\.npy(?:\.gz)?$/.exec(file)?.[1];
  if (npy !== undefined) return npy;
  const [, role, kind] = /(train|t10k|test)-(images|labels)[-.]idx\d-ubyte(?:\.gz)?$/.exec(file) ?? [];
  return kind === undefined ? undefined : `${role === "train" ? "train" : "test"}_${kind}`;
}

function readArray(path: string, content = readDataFile(path, MOST_BYTES)): NpyArray {
  if (content[0] === 0x93) return readNpy(content, path);
  const { shape, values } = parseIdx(content, path);
  return { shape: shape.length === 3 ? [...shape, 1] : shape, values }; // grey images have one channel
}

function withLabels(arrays: NamedArrays, { labels }: UserDataOptions): NamedArrays {
  return labels === undefined ? arrays : new Map([...arrays, ["labels", readArray(labels)]]);
}
