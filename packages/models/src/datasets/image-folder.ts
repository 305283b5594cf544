/**
 * @file A folder of images, one subfolder per class: root/class/image.png, or root/train/class/… and root/test/class/….
 * Decoded by libvips, turned as their EXIF says, to 8-bit grey (when all are) or RGB without alpha. Links are not followed.
 */
import { existsSync, readdirSync } from "node:fs";
import type { Dirent } from "node:fs";
import { basename, join } from "node:path";
import { reject, rootStream } from "@linear-probes/core";
import type { Stream } from "@linear-probes/core";
import type { LabelledInputs, LoadedDataset, LoadOptions } from "../dataset.ts";
import { assemble } from "./parts/assemble.ts";
import { commonShape, decodeImages } from "./parts/decode-images.ts";
import type { ImageOptions } from "./parts/decode-images.ts";
import { holdOut } from "./parts/hold-out.ts";
import { toClasses } from "./parts/labels.ts";

export interface ImageFolderOptions extends LoadOptions, ImageOptions {
  readonly testFraction?: number;
}

interface ImageFile {
  readonly path: string;
  readonly className: string;
}

const IMAGE = /\.(?:png|jpe?g|webp|gif|tiff?|avif)$/i;
const TEST_FOLDERS = ["test", "val", "validation"];

export async function readImageFolder(folder: string, options: ImageFolderOptions = {}): Promise<LoadedDataset> {
  const { train, test, notice } = splitFiles(folder, options);
  const { classes, classNames, labels } = toClasses(
    folder,
    [train, test].map((files) => files.map((f) => f.className)),
  );
  const [trainRows, testRows] = [train.slice(0, options.rows?.train), test.slice(0, options.rows?.test)];
  const shape = await commonShape(
    [...trainRows, ...testRows].map(({ path }) => path),
    options,
  );
  const decode = async (files: readonly ImageFile[], all: Int32Array | undefined): Promise<LabelledInputs> => ({
    inputs: await decodeImages(
      files.map(({ path }) => path),
      shape,
      options,
    ),
    labels: (all ?? new Int32Array()).subarray(0, files.length),
  });
  const split = { train: await decode(trainRows, labels[0]), test: await decode(testRows, labels[1]) };
  const remarks = { synthetic: false, ...(notice === undefined ? {} : { notice }) };
  const loaded = assemble({ name: basename(folder), classes, inputShape: shape }, split, options.rows, remarks);
  return { ...loaded, ...(classNames === undefined ? {} : { classNames }) };
}

/** Whether a folder has images in subfolders, one or two levels down. */
export function isImageFolder(folder: string): boolean {
  const classes = [...subfolders(join(folder, "train")), ...subfolders(folder)];
  return classes.some((path) => imagesIn(path).length > 0);
}

interface FileSplit {
  readonly train: readonly ImageFile[];
  readonly test: readonly ImageFile[];
  readonly notice?: string;
}

/** In random order: the first rows of a sorted folder would be all of one class. */
function splitFiles(folder: string, options: ImageFolderOptions): FileSplit {
  const stream = options.stream ?? rootStream("user-data");
  const testFolder = TEST_FOLDERS.map((name) => join(folder, name)).find((path) => subfolders(path).length > 0);
  const train = classFiles(join(folder, "train"));
  if (train.length > 0 && testFolder !== undefined) {
    return {
      train: shuffled(train, stream.split("train")),
      test: shuffled(classFiles(testFolder), stream.split("test")),
    };
  }
  const all = train.length > 0 ? train : classFiles(folder);
  if (all.length === 0) {
    reject(
      folder,
      "must hold images in one subfolder per class",
      "none",
      "png, jpeg, webp, gif, tiff and avif are read",
    );
  }
  const held = holdOut(folder, all.length, options.testFraction ?? 0.2, stream);
  const pick = (rows: Int32Array, role: string): readonly ImageFile[] => {
    const chosen = new Set(rows);
    return shuffled(
      all.filter((_, row) => chosen.has(row)),
      stream.split(role),
    );
  };
  return { train: pick(held.train, "train"), test: pick(held.test, "test"), notice: held.notice };
}

function shuffled<T>(items: readonly T[], stream: Stream): readonly T[] {
  return Array.from(stream.permutation(items.length)).flatMap((i) => items.slice(i, i + 1));
}

function classFiles(folder: string): readonly ImageFile[] {
  return subfolders(folder).flatMap((path) =>
    imagesIn(path).map((image) => ({ path: image, className: basename(path) })),
  );
}

/** Folders and files proper: a link could lead anywhere. */
function subfolders(folder: string): readonly string[] {
  return list(folder).flatMap((entry) => (entry.isDirectory() ? [join(folder, entry.name)] : []));
}

function imagesIn(folder: string): readonly string[] {
  return list(folder).flatMap((entry) => (entry.isFile() && IMAGE.test(entry.name) ? [join(folder, entry.name)] : []));
}

function list(folder: string): readonly Dirent[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
}
