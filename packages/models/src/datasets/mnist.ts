/** @file MNIST, handwritten digits, 28 × 28 grey (LeCun, Cortes & Burges 1998). 60,000 for training, 10,000 for test. */
import { reject, sha256 } from "@linear-probes/core";
import type { Dataset, LoadOptions } from "../dataset.ts";
import { assemble, checkLabels } from "./parts/assemble.ts";
import { parseIdx } from "./parts/idx.ts";
import type { Mirrors } from "./parts/obtain.ts";
import { obtain } from "./parts/obtain.ts";

const MIRRORS: Mirrors = {
  urls: ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"],
};

const CLASSES = 10;

/** The four canonical files; hashes are of the uncompressed bytes. */
const FILES = {
  trainImages: {
    name: "train-images-idx3-ubyte",
    shape: [60_000, 28, 28],
    sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
  },
  trainLabels: {
    name: "train-labels-idx1-ubyte",
    shape: [60_000],
    sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
  },
  testImages: {
    name: "t10k-images-idx3-ubyte",
    shape: [10_000, 28, 28],
    sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
  },
  testLabels: {
    name: "t10k-labels-idx1-ubyte",
    shape: [10_000],
    sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
  },
};

type MnistFile = (typeof FILES)[keyof typeof FILES];

/** MNIST from other mirrors than the public ones. */
export function mnistFrom(mirrors: Mirrors): Dataset {
  const facts = { name: "mnist", classes: CLASSES, inputShape: [28, 28, 1] };
  return {
    ...facts,
    source: "LeCun, Cortes & Burges 1998, http://yann.lecun.com/exdb/mnist/; the four canonical files, hashes checked",
    async load(options: LoadOptions = {}) {
      const read = async (file: MnistFile): Promise<Uint8Array> =>
        obtain(
          {
            dataset: "mnist",
            name: file.name,
            maxBytes: 2 ** 26,
            parse: (content, subject) => parseMnist(content, subject, file),
          },
          mirrors,
          options,
        );
      // The small files first: where they cannot be had, the large ones need not be tried.
      const [testLabels, trainLabels] = [await read(FILES.testLabels), await read(FILES.trainLabels)];
      const [testImages, trainImages] = [await read(FILES.testImages), await read(FILES.trainImages)];
      const train = { inputs: trainImages, labels: Int32Array.from(trainLabels) };
      const test = { inputs: testImages, labels: Int32Array.from(testLabels) };
      return assemble(facts, { train, test }, options.rows, { synthetic: false });
    },
  };
}

export const mnist: Dataset = mnistFrom(MIRRORS);

/** From the most telling check to the most thorough: format, shape, labels, hash. */
function parseMnist(content: Uint8Array, subject: string, file: MnistFile): Uint8Array {
  const { shape, values } = parseIdx(content, subject);
  const remedy = `${file.name} of the canonical MNIST is wanted`;
  if (!(values instanceof Uint8Array))
    reject(subject, "values must be unsigned bytes", values.constructor.name, remedy);
  if (shape.join("x") !== file.shape.join("x")) {
    reject(subject, `shape must be ${file.shape.join(" × ")}`, shape.join(" × "), remedy);
  }
  if (shape.length === 1) checkLabels(subject, values, CLASSES);
  const hash = sha256(content);
  if (hash !== file.sha256) reject(subject, `sha256 must be ${file.sha256}`, hash, remedy);
  return values;
}
