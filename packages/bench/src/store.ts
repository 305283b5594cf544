/**
 * @file A content-addressed store. The key of a value is the sha256 of the canonical JSON of all that it depends on
 * (its facts: code, settings, seed, data), so nothing is ever invalidated: a changed fact is another key.
 * One value is one file, written whole or not at all; a broken file counts as absent and is computed again.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { basename, join } from "node:path";
import { sha256, writeFileAtomic } from "@linear-probes/core";
import { canonicalJson } from "./json.ts";
import { type Cost, decode, encode, type Entry, type Facts, type StoredValue } from "./stored-value.ts";

export interface StoreOptions {
  readonly folder: string;
  readonly log?: (line: string) => void;
  /** Values of more bytes are not kept; whoever wants them computes them again. Default 256 MiB. */
  readonly maxValueBytes?: number;
}

/** A value and whether it was there already. */
export interface Remembered extends Entry {
  readonly reused: boolean;
}

export interface StoredFile {
  readonly path: string;
  readonly kind: string;
  readonly bytes: number;
  readonly usedAtSeconds: number; // last read or written, Unix time
}

export interface Store {
  readonly folder: string;
  get(facts: Facts): Entry | undefined;
  /** Whether there is a file for these facts; `get` may still find it broken. */
  has(facts: Facts): boolean;
  /** Keeps the value unless it is too large; returns whether it did. */
  put(facts: Facts, value: StoredValue, cost: Cost): boolean;
  remove(facts: Facts): void;
  /** The stored value of these facts, computed and kept first when absent. */
  remember(facts: Facts, compute: () => Promise<StoredValue & { readonly cost: Cost }>): Promise<Remembered>;
  list(): readonly StoredFile[];
  /** Removes the files used longest ago until at most `keepBytes` are left; returns what went. */
  collect(keepBytes: number): readonly StoredFile[];
}

export function keyOf(facts: Facts): string {
  return sha256(canonicalJson(facts));
}

export function openStore({ folder, log = () => {}, maxValueBytes = 256 * 2 ** 20 }: StoreOptions): Store {
  const pathOf = (facts: Facts): string => join(folder, facts.kind, `${keyOf(facts)}.value`);

  const get = (facts: Facts): Entry | undefined => {
    const path = pathOf(facts);
    const bytes = readIfThere(path);
    if (bytes === undefined) return undefined;
    const entry = decode(bytes);
    if ("broken" in entry || canonicalJson(entry.facts) !== canonicalJson(facts)) {
      log(`store: ${path} is dropped, ${"broken" in entry ? entry.broken : "it belongs to other facts"}`);
      rmSync(path, { force: true });
      return undefined;
    }
    touch(path);
    return entry;
  };

  const put = (facts: Facts, value: StoredValue, cost: Cost): boolean => {
    const chunks = encode(facts, value, cost);
    if (chunks.reduce((bytes, chunk) => bytes + chunk.byteLength, 0) > maxValueBytes) return false;
    writeFileAtomic(pathOf(facts), chunks);
    return true;
  };

  const list = (): readonly StoredFile[] =>
    readdirSync(makeFolder(folder), { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map((file) => {
        const path = join(file.parentPath, file.name);
        const stat = statSync(path);
        return { path, kind: basename(file.parentPath), bytes: stat.size, usedAtSeconds: stat.mtimeMs / 1000 };
      })
      .sort((a, b) => (a.path < b.path ? -1 : 1));

  return {
    folder,
    get,
    has: (facts) => existsSync(pathOf(facts)),
    put,
    remove: (facts) => rmSync(pathOf(facts), { force: true }),
    async remember(facts, compute) {
      const found = get(facts);
      if (found !== undefined) return { ...found, reused: true };
      const { json, arrays = {}, cost } = await compute();
      put(facts, { json, arrays }, cost);
      return { facts, json, arrays, cost, reused: false };
    },
    list,
    collect(keepBytes) {
      // Left by a process that was killed while writing; a live one holds its own for moments only.
      const [halves, values] = partition(list(), (file) => file.path.endsWith(".tmp"));
      const oldestFirst = values.toSorted((a, b) => a.usedAtSeconds - b.usedAtSeconds);
      let bytes = oldestFirst.reduce((sum, file) => sum + file.bytes, 0);
      const gone = [...halves];
      for (const file of oldestFirst) {
        if (bytes <= keepBytes) break;
        gone.push(file);
        bytes -= file.bytes;
      }
      for (const file of gone) rmSync(file.path, { force: true });
      return gone;
    },
  };
}

function partition<T>(items: readonly T[], holds: (item: T) => boolean): [T[], T[]] {
  return [items.filter(holds), items.filter((item) => !holds(item))];
}

function makeFolder(folder: string): string {
  mkdirSync(folder, { recursive: true });
  return folder;
}

function touch(path: string): void {
  const now = Date.now() / 1000;
  utimesSync(path, now, now);
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
