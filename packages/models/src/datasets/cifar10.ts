/**
 * @file CIFAR-10, 32 × 32 colour photographs of ten kinds of things (Krizhevsky 2009), binary version: six batches of
 * 10,000 records of one label byte and 3,072 pixels. Records are plane after plane; rows here are [height, width, rgb].
 */
import { join } from "node:path";
import { reject, sha256 } from "@linear-probes/core";
import { unpackTar } from "modern-tar";
import type { Dataset, LabelledInputs, LoadedDataset, LoadOptions } from "../dataset.ts";
import { DatasetUnavailableError } from "../dataset.ts";
import { assemble, checkLabels } from "./parts/assemble.ts";
import { download, DownloadError } from "./parts/download.ts";
import type { Mirrors } from "./parts/obtain.ts";
import { cacheFolderOf, keep, obtain } from "./parts/obtain.ts";
import { decompress } from "./parts/read-file.ts";

const CLASSES = 10;
const ROWS = 10_000; // per batch
const PLANE = 32 * 32;
const RECORD = 1 + 3 * PLANE; // bytes
const ARCHIVE = "cifar-10-binary.tar.gz";
const MIRRORS: Mirrors = { urls: ["https://www.cs.toronto.edu/~kriz/"] };
const SOURCE = `${MIRRORS.urls[0]}${ARCHIVE}`;

/** sha256 of the uncompressed batches. */
const TRAIN_BATCHES = [
  { name: "data_batch_1.bin", sha256: "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5" },
  { name: "data_batch_2.bin", sha256: "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed" },
  { name: "data_batch_3.bin", sha256: "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67" },
  { name: "data_batch_4.bin", sha256: "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48" },
  { name: "data_batch_5.bin", sha256: "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add" },
];
const TEST_BATCH = {
  name: "test_batch.bin",
  sha256: "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
};

const facts = { name: "cifar10", classes: CLASSES, inputShape: [32, 32, 3] };

interface Batches {
  readonly train: readonly LabelledInputs[];
  readonly test: LabelledInputs | undefined;
}

/** CIFAR-10 from other mirrors of its archive. The test batch may be missing. */
export function cifar10From(mirrors: Mirrors): Dataset {
  return {
    ...facts,
    source: `Krizhevsky 2009, ${SOURCE}; hashes checked`,
    async load(options: LoadOptions = {}): Promise<LoadedDataset> {
      const { train, test } = await findBatches(options).catch(async (error: unknown) => {
        if (!(error instanceof DatasetUnavailableError) || options.download === false) throw error;
        return fetchBatches(mirrors, options);
      });
      if (test !== undefined) {
        return assemble(facts, { train: concatenate(train), test }, options.rows, { synthetic: false });
      }
      const [held, ...others] = train.toReversed();
      if (held === undefined) throw new Error("cifar10: no batch at all");
      const split = { train: concatenate(others.toReversed()), test: held };
      return assemble(facts, split, options.rows, { synthetic: false, notice: HELD_OUT });
    },
  };
}

export const cifar10: Dataset = cifar10From(MIRRORS);

const HELD_OUT =
  "CIFAR-10's test batch was not found: the fifth training batch is held out as the test set, and 40,000 images train.";

/** Reads the batches that hold the rows asked for; and the fifth, where the test batch is missing. */
async function findBatches(options: LoadOptions): Promise<Batches> {
  const read = async (batch: typeof TEST_BATCH): Promise<LabelledInputs> =>
    obtain(
      {
        dataset: facts.name,
        name: batch.name,
        maxBytes: ROWS * RECORD + 2 ** 16,
        parse: (content, subject) => parseBatch(content, subject, batch.sha256),
        remedy: `unpack ${SOURCE} there`,
      },
      { urls: [] },
      options,
    );
  const wanted = Math.ceil((options.rows?.train ?? TRAIN_BATCHES.length * ROWS) / ROWS);
  const train: LabelledInputs[] = [];
  for (const batch of TRAIN_BATCHES.slice(0, wanted)) train.push(await read(batch));
  const test = await read(TEST_BATCH).catch((error: unknown) => {
    if (error instanceof DatasetUnavailableError) return undefined;
    throw error;
  });
  const last = TRAIN_BATCHES.at(-1);
  if (test === undefined && last !== undefined && train.length < TRAIN_BATCHES.length) train.push(await read(last));
  return { train, test };
}

/** Fetches the archive, keeps its batches in the cache. */
async function fetchBatches(mirrors: Mirrors, options: LoadOptions): Promise<Batches> {
  const { log, signal } = options;
  const tar = await download({
    urls: mirrors.urls.map((folder) => `${folder}${ARCHIVE}`),
    maxBytes: 2 ** 28,
    accept: (bytes) => decompress(bytes, 2 ** 28, ARCHIVE),
    log,
    signal,
    patience: mirrors.patience,
  }).catch((error: unknown) => {
    if (!(error instanceof DownloadError)) throw error;
    const message = `cifar10: its batches are in no folder searched and ${SOURCE} was not to be had (${error.message})`;
    throw new DatasetUnavailableError(message, "no mirror gave it", { cause: error });
  });
  const entries = await unpackTar(tar.value).catch((error: unknown) => reject(ARCHIVE, "must be tar", String(error)));
  const contents = new Map(entries.map(({ header, data }) => [header.name.split("/").at(-1), data]));
  const read = (batch: typeof TEST_BATCH): LabelledInputs => {
    const content = contents.get(batch.name);
    if (content === undefined) return reject(ARCHIVE, `must hold ${batch.name}`, [...contents.keys()].join(", "));
    const rows = parseBatch(content, `${ARCHIVE}, ${batch.name}`, batch.sha256);
    keep(join(cacheFolderOf(facts.name, options), batch.name), content, log);
    return rows;
  };
  return { train: TRAIN_BATCHES.map(read), test: read(TEST_BATCH) };
}

function parseBatch(content: Uint8Array, subject: string, expected: string): LabelledInputs {
  const remedy = `a batch of ${SOURCE} is wanted`;
  if (content.length !== ROWS * RECORD) {
    reject(subject, `must have ${ROWS} records of ${RECORD} bytes, ${ROWS * RECORD} in all`, content.length, remedy);
  }
  const labels = Int32Array.from({ length: ROWS }, (_, row) => content[row * RECORD] ?? Number.NaN);
  checkLabels(subject, labels, CLASSES);
  const hash = sha256(content);
  if (hash !== expected) reject(subject, `sha256 must be ${expected}`, hash, remedy);
  return { inputs: interleave(content), labels };
}

/** [n, label, rgb, height, width] → [n, height, width, rgb]. */
function interleave(content: Uint8Array): Uint8Array {
  const inputs = new Uint8Array(ROWS * 3 * PLANE);
  for (let row = 0; row < ROWS; row++) {
    const red = row * RECORD + 1;
    const to = row * 3 * PLANE;
    for (let pixel = 0; pixel < PLANE; pixel++) {
      inputs[to + 3 * pixel] = content[red + pixel]!;
      inputs[to + 3 * pixel + 1] = content[red + PLANE + pixel]!;
      inputs[to + 3 * pixel + 2] = content[red + 2 * PLANE + pixel]!;
    }
  }
  return inputs;
}

function concatenate(batches: readonly LabelledInputs[]): LabelledInputs {
  const inputs = new Uint8Array(batches.length * ROWS * 3 * PLANE);
  const labels = new Int32Array(batches.length * ROWS);
  batches.forEach((batch, i) => {
    inputs.set(batch.inputs, i * ROWS * 3 * PLANE);
    labels.set(batch.labels, i * ROWS);
  });
  return { inputs, labels };
}
