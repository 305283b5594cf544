/** @file X of the wasm back end in its three places: the shared memory, buffers outside it, or a file. */
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { reject, rejectWrite } from "../../errors.ts";
import { checkHead, type CreateFeaturesOptions, type Features, type FeatureWriter } from "../kernels.ts";
import type { BufferPool } from "./buffer-pool.ts";
import { JOB } from "./job.ts";
import type { Location, Workspace } from "./workspace.ts";

/** Where features made here lie, until released. */
const places = new WeakMap<Features, Place>();

interface Place {
  readonly storage: "memory" | "buffer" | "file";
  readonly workspace: Workspace;
  readonly location: Location;
  free(): void;
}

/** Room for the jobs beside features that were not told where to go. */
const HEADROOM_BYTES = 2 ** 28;
const SLAB_BYTES = 2 ** 22;

/** Where x lies; throws when released or of another runtime. */
export function locationOf(features: Features, workspace: Workspace): Location {
  const place = places.get(features);
  if (place === undefined || place.workspace !== workspace) {
    return reject("features", "must be of this runtime and not released", `${features.rows}x${features.cols}`);
  }
  return place.location;
}

export const strideOf = (cols: number): number => 16 * Math.ceil(cols / 4);

/** A place that is being filled: `accept` takes whole rows, checked and padded, that lie at `at` in the memory. */
interface Filling {
  readonly storage: Place["storage"];
  /** Where a slab for those rows may be put so that it need not be moved; undefined for the staging slot. */
  home(row: number): number | undefined;
  accept(row: number, count: number, at: number): void;
  /** Where rows without padding will stay, if they follow one another there. */
  room(row: number, count: number): Float32Array | undefined;
  /** Copies rows that are in their place to `at`, unless that is their place. */
  fetch(row: number, count: number, at: number): void;
  finish(): Place;
  abandon(): void;
}

export function createWriter(
  workspace: Workspace,
  pool: BufferPool,
  maximumBytes: number,
  options: CreateFeaturesOptions,
): FeatureWriter {
  const { rows, cols, name = "features" } = options;
  if (!(Number.isInteger(rows) && rows > 0)) reject(name, "rows must be a positive integer", rows);
  if (!(Number.isInteger(cols) && cols > 0)) reject(name, "columns must be a positive integer", cols);
  let filling: Filling | undefined = openFilling(workspace, pool, maximumBytes, options);
  const written = new Uint8Array(rows);
  const stride = strideOf(cols);
  const slabRows = Math.max(1, Math.floor(SLAB_BYTES / stride));

  const packed = stride === cols * 4;
  const roomFor = (filling: Filling, row: number, count: number): Float32Array | undefined =>
    packed ? filling.room(row, count) : undefined;

  function place(filling: Filling, row: number, slab: Float32Array): void {
    const count = slab.length / cols;
    const at = filling.home(row) ?? workspace.slot("slab", Math.min(slabRows, rows) * stride);
    const room = roomFor(filling, row, count);
    const there = room !== undefined && room.buffer === slab.buffer && room.byteOffset === slab.byteOffset;
    if (there) filling.fetch(row, count, at);
    else if (packed) new Float32Array(workspace.memory.buffer, at, slab.length).set(slab);
    else workspace.kernels.spreadRows(workspace.put("packed slab", slab), at, count, cols, stride);
    const bad = workspace.kernels.firstNotFinite(at, count, cols, stride);
    if (bad >= 0) {
      const where = `row ${row + Math.floor(bad / cols)}, column ${bad % cols}`;
      reject(name, `numbers must be finite at ${where}`, slab[bad]);
    }
    if (!there) filling.accept(row, count, at);
    written.fill(1, row, row + count);
  }

  return {
    write(rowStart, block) {
      const count = block.length / cols;
      if (!Number.isInteger(count)) reject(name, `a block must hold whole rows of ${cols} numbers`, block.length);
      if (!(Number.isInteger(rowStart) && rowStart >= 0 && rowStart + count <= rows)) {
        reject(name, `a block must lie within ${rows} rows`, `rows ${rowStart}..${rowStart + count - 1}`);
      }
      const into = filling ?? reject(name, "must not be written after finish or abandon", "a write");
      written.fill(0, rowStart, rowStart + count);
      for (let row = 0; row < count; row += slabRows) {
        place(into, rowStart + row, block.subarray(row * cols, Math.min(count, row + slabRows) * cols));
      }
    },
    place(rowStart, count) {
      const within = count > 0 && rowStart >= 0 && rowStart + count <= rows;
      return within && filling !== undefined ? roomFor(filling, rowStart, count) : undefined;
    },
    finish() {
      const missing = written.indexOf(0);
      if (missing >= 0) reject(name, "every row must be written", `nothing in row ${missing}`);
      const done = filling ?? reject(name, "must be finished once", "a second finish");
      filling = undefined;
      return featuresAt(done.finish(), rows, cols);
    },
    abandon() {
      filling?.abandon();
      filling = undefined;
    },
  };
}

function openFilling(
  workspace: Workspace,
  pool: BufferPool,
  maximumBytes: number,
  { rows, cols, storage, path, name = "features" }: CreateFeaturesOptions,
): Filling {
  const bytes = rows * strideOf(cols) + 64;
  if (storage === "file") {
    return fillFile(workspace, pool, rows, cols, path ?? reject(name, "storage file needs a path", "none"));
  }
  if (storage === "buffer") return fillBuffer(workspace, pool, rows, cols);
  if (storage === "memory") return fillMemory(workspace, workspace.allocate(bytes, name), cols);
  const fits = workspace.heap.used + bytes + HEADROOM_BYTES <= maximumBytes;
  const at = fits ? workspace.heap.allocate(bytes) : undefined;
  return at === undefined ? fillBuffer(workspace, pool, rows, cols) : fillMemory(workspace, at, cols);
}

function fillMemory(workspace: Workspace, x: number, cols: number): Filling {
  const stride = strideOf(cols);
  const free = (): void => workspace.heap.free(x);
  return {
    storage: "memory",
    home: (row) => x + row * stride,
    accept: () => {},
    room: (row, count) => new Float32Array(workspace.memory.buffer, x + row * stride, count * cols),
    fetch: () => {},
    finish: () => ({ storage: "memory", workspace, location: { source: 0, x, stride }, free }),
    abandon: free,
  };
}

function fillBuffer(workspace: Workspace, pool: BufferPool, rows: number, cols: number): Filling {
  const stride = strideOf(cols);
  const taken = pool.take(rows, stride);
  const source = workspace.crew.hands.source(taken.id);
  const free = (): void => pool.give(taken.id);
  return {
    storage: "buffer",
    home: () => undefined,
    accept: (row, count, at) => source.send(row, count, at),
    room(row, count) {
      const start = row % taken.chunkRows;
      const chunk = taken.chunks[Math.floor(row / taken.chunkRows)];
      const crosses = chunk === undefined || start + count > taken.chunkRows;
      return crosses ? undefined : new Float32Array(chunk.buffer, start * stride, count * cols);
    },
    fetch: (row, count, at) => source.bring(row, count, at),
    finish: () => ({ storage: "buffer", workspace, location: { source: taken.id, x: 0, stride }, free }),
    abandon: free,
  };
}

/** Rows go to `path`.partial; the file has its name only when it is whole. */
function fillFile(workspace: Workspace, pool: BufferPool, rows: number, cols: number, path: string): Filling {
  const stride = strideOf(cols);
  const width = cols * 4;
  const partial = `${path}.partial`;
  let handle: number | undefined;
  const close = (): void => {
    if (handle !== undefined) closeSync(handle);
    handle = undefined;
  };
  const abandon = (): void => {
    close();
    rmSync(partial, { force: true });
  };
  const attempt = <T>(work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      abandon();
      return rejectWrite(path, cause);
    }
  };
  const opened = attempt(() => openSync(partial, "w"));
  handle = opened;
  return {
    storage: "file",
    home: () => undefined,
    room: () => undefined,
    fetch: () => {},
    accept(row, count, at) {
      const packed = new Uint8Array(count * width);
      for (let i = 0; i < count; i++) packed.set(workspace.bytes(at + i * stride, width), i * width);
      attempt(() => {
        for (let done = 0; done < packed.length;) {
          done += writeSync(opened, packed, done, packed.length - done, row * width + done);
        }
      });
    },
    finish() {
      attempt(() => {
        fsyncSync(opened);
        close();
        renameSync(partial, path);
      });
      const id = pool.open({ kind: "file", path, cols, stride });
      return { storage: "file", workspace, location: { source: id, x: 0, stride }, free: () => pool.close(id) };
    },
    abandon,
  };
}

/** Features around rows that are all in place. */
function featuresAt(place: Place, rows: number, cols: number): Features {
  const { workspace, storage } = place;
  let hash: string | undefined;
  let moments: ReturnType<Features["moments"]> | undefined;
  const alive = (): Location => locationOf(features, workspace);
  const features: Features = {
    rows,
    cols,
    storage,
    get hash() {
      return (hash ??= hashOf(features));
    },
    moments: () => (moments ??= columnMoments(workspace, alive(), rows, cols)),
    readRows(wanted) {
      const out = new Float32Array(wanted.length * cols);
      const { source, x, stride } = alive();
      const stage = source === 0 ? 0 : workspace.slot("row", stride);
      for (let i = 0; i < wanted.length; i++) {
        const row = wanted[i] ?? -1;
        if (!(Number.isInteger(row) && row >= 0 && row < rows)) reject("readRows", `rows are 0..${rows - 1}`, row);
        if (source !== 0) workspace.crew.hands.source(source).bring(row, 1, stage);
        const at = source === 0 ? x + row * stride : stage;
        out.set(new Float32Array(workspace.memory.buffer, at, cols), i * cols);
      }
      return out;
    },
    head(first) {
      checkHead(first, rows);
      alive();
      return featuresAt({ ...place, free: () => {} }, first, cols);
    },
    release() {
      if (!places.delete(features)) return;
      place.free();
    },
  };
  places.set(features, place);
  return features;
}

/** New features where others lie, which end as if released: their moments and hash are of what was there before. */
export function takeOver(features: Features): Features {
  const place = places.get(features) ?? reject("features", "must not be released", "released ones");
  places.delete(features);
  return featuresAt(place, features.rows, features.cols);
}

/** Features that lie in the shared memory already, at `x`. */
export function featuresInMemory(workspace: Workspace, x: number, rows: number, cols: number): Features {
  return featuresAt(fillMemory(workspace, x, cols).finish(), rows, cols);
}

function hashOf(features: Features): string {
  const { rows, cols } = features;
  const hash = createHash("sha256").update(`${rows}x${cols}:`);
  const step = Math.max(1, Math.floor(SLAB_BYTES / (4 * cols)));
  for (let row = 0; row < rows; row += step) {
    const count = Math.min(step, rows - row);
    hash.update(features.readRows(Array.from({ length: count }, (_, i) => row + i)));
  }
  return hash.digest("hex");
}

function columnMoments(
  workspace: Workspace,
  location: Location,
  n: number,
  d: number,
): ReturnType<Features["moments"]> {
  const wide = 4 * Math.ceil(d / 4);
  workspace.job({ cols: d, classes: 2, live: 1 });
  workspace.partition(n, 16 * wide);
  workspace.locate(location);
  // Sums are taken about the first row, which makes the variance of constant columns exactly zero.
  const first = workspace.slot("first row", location.stride);
  if (location.source === 0) workspace.bytes(first, location.stride).set(workspace.bytes(location.x, location.stride));
  else workspace.crew.hands.source(location.source).bring(0, 1, first);
  workspace.job({ source: first });
  workspace.run("columnSums");
  workspace.kernels.reduce(JOB);
  const body = workspace.crew.low.get("acc") + workspace.kernels.accBody(JOB);
  const sums = workspace.floats(body, 2 * wide);
  const pivot = new Float32Array(workspace.memory.buffer, first, d);
  const mean = new Float64Array(d);
  const variance = new Float64Array(d);
  for (let j = 0; j < d; j++) {
    const offset = (sums[j] ?? 0) / n;
    mean[j] = (pivot[j] ?? 0) + offset;
    variance[j] = Math.max(0, (sums[wide + j] ?? 0) / n - offset * offset);
  }
  return { mean, variance };
}
