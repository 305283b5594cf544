/**
 * @file Finds a dataset's file: in the data folder, in its subfolder named after the dataset, in the cache, or on a
 * mirror. Whatever is used has been parsed and checked first; only checked bytes enter the cache.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError, writeFileAtomic } from "@linear-probes/core";
import envPaths from "env-paths";
import type { LoadOptions } from "../../dataset.ts";
import { DatasetUnavailableError } from "../../dataset.ts";
import { decompress, readDataFile } from "./read-file.ts";
import type { Patience } from "./download.ts";
import { download, DownloadError } from "./download.ts";

export interface WantedFile<T> {
  readonly dataset: string; // e.g. "mnist"; also the subfolder
  readonly name: string; // of the raw file; `name.gz` is looked for too, and is what mirrors have
  readonly maxBytes: number; // uncompressed
  /** Turns the uncompressed content into what is wanted; anything wrong is an InputError naming `subject`. */
  readonly parse: (content: Uint8Array, subject: string) => T;
  /** What to do when it is nowhere. Default: put it there. */
  readonly remedy?: string;
}

export interface Mirrors {
  readonly urls: readonly string[]; // each ends with "/"
  readonly patience?: Patience;
}

export async function obtain<T>(wanted: WantedFile<T>, mirrors: Mirrors, options: LoadOptions): Promise<T> {
  const { dataset, name, maxBytes, parse, remedy } = wanted;
  options.signal?.throwIfAborted();
  const given = findFile(name, dataFolders(dataset, options));
  if (given !== undefined) return parse(readDataFile(given, maxBytes), given);

  const cacheFolder = cacheFolderOf(dataset, options);
  const cached = findFile(name, [cacheFolder]);
  if (cached !== undefined) {
    try {
      return parse(readDataFile(cached, maxBytes), cached);
    } catch (error) {
      if (!(error instanceof InputError) || options.download === false) throw error;
      options.log?.(`${error.message}; fetching it again`);
    }
  }
  const searched = [...dataFolders(dataset, options), cacheFolder].join(", ");
  if (options.download === false || mirrors.urls.length === 0) {
    throw new DatasetUnavailableError(
      `${dataset}: ${name} (or ${name}.gz) must be in one of ${searched}, got neither; ${remedy ?? "put it there"}`,
      `${name} is in no folder searched, and was not to be downloaded`,
    );
  }
  return fetchIntoCache(wanted, mirrors, join(cacheFolder, `${name}.gz`), searched, options);
}

async function fetchIntoCache<T>(
  { dataset, name, maxBytes, parse }: WantedFile<T>,
  mirrors: Mirrors,
  target: string,
  searched: string,
  { log, signal }: LoadOptions,
): Promise<T> {
  try {
    const { bytes, value } = await download({
      urls: mirrors.urls.map((folder) => `${folder}${name}.gz`),
      maxBytes,
      accept: (received) => parse(decompress(received, maxBytes, `${name}.gz`), `${name}.gz`),
      log,
      signal,
      patience: mirrors.patience,
    });
    keep(target, bytes, log);
    return value;
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    throw new DatasetUnavailableError(
      `${dataset}: ${name} is neither in ${searched} nor to be had from its mirrors (${error.message}); ` +
        `put ${name}.gz into one of these folders`,
      `${name} is in no folder searched, and no mirror gave it`,
      { cause: error },
    );
  }
}

/** A cache that cannot be written to costs another download next time, no more. */
export function keep(target: string, bytes: Uint8Array, log: LoadOptions["log"]): void {
  try {
    writeFileAtomic(target, bytes);
    log?.(`${target}: kept`);
  } catch (error) {
    log?.(`${error instanceof Error ? error.message : String(error)}; going on without keeping it`);
  }
}

export function cacheFolderOf(dataset: string, { cacheDir }: LoadOptions): string {
  return join(cacheDir ?? envPaths("linear-probes", { suffix: "" }).cache, dataset);
}

function dataFolders(dataset: string, { dataDir }: LoadOptions): string[] {
  return dataDir === undefined ? [] : [dataDir, join(dataDir, dataset)];
}

/** The raw file or else the compressed one, in the first folder that has either. */
function findFile(name: string, folders: readonly string[]): string | undefined {
  return folders.flatMap((folder) => [join(folder, name), join(folder, `${name}.gz`)]).find((path) => existsSync(path));
}
