/**
 * @file What a trial run says about each tap: its type, the shape of one row, and along which axis the rows of a batch
 * lie — found by running two rows alone and together, not guessed from the file.
 */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { canBeFeatures, toFloat32 } from "./element-types.ts";
import { copyElements, emptyLike } from "./elements.ts";
import { toFeeds } from "./inputs.ts";
import type { BatchPlan, RowBlock } from "./inputs.ts";
import type { ModelSession } from "./model-session.ts";
import { openSession, rejectRun } from "./open-session.ts";
import type { ForeignModel } from "../foreign-model.ts";
import { product, rowShape, takeRows } from "./row-plan.ts";
import type { RowPlan } from "./row-plan.ts";

export interface TapFacts {
  readonly type: string; // element type
  readonly shape: readonly number[]; // of one row
  /** Null: a row's values depend on the other rows of its batch, so the model must be run one row at a time. */
  readonly rows: RowPlan | null;
}

export type Measured = TapFacts | { readonly refused: string };

const unknownElements = 2 ** 22; // of a tensor that the engine says nothing about before it runs
const maxElementsTogether = 2 ** 27; // half a gigabyte of float32, in three runs

/** Runs the model on the two rows of `sample` with all of `names` as outputs. */
export async function measureTaps(
  model: ForeignModel,
  plan: BatchPlan,
  names: readonly string[],
  sample: RowBlock,
): Promise<Map<string, Measured>> {
  const found = new Map<string, Measured>();
  await measureSome(model, plan, names, sample, found);
  return found;
}

/** Splits the names in halves when together they cannot be outputs, until the culprits are alone. */
async function measureSome(
  model: ForeignModel,
  plan: BatchPlan,
  names: readonly string[],
  sample: RowBlock,
  found: Map<string, Measured>,
): Promise<void> {
  if (names.length === 0) return;
  let session: ModelSession;
  try {
    session = await openSession(model, names, "basic");
  } catch (cause) {
    // Without further outputs: when this fails too it is the model's fault, else an output's.
    if (found.size === 0) await (await openSession(model, [], "basic")).release();
    if (names.length === 1) {
      found.set(names[0] ?? "", {
        refused: `onnxruntime cannot hand it out (${cause instanceof Error ? cause.message : "unknown"})`,
      });
      return;
    }
    const half = names.length >> 1;
    await measureSome(model, plan, names.slice(0, half), sample, found);
    await measureSome(model, plan, names.slice(half), sample, found);
    return;
  }
  try {
    const readable: string[] = [];
    const metadata = new Map(session.outputMetadata.map((entry) => [entry.name, entry]));
    for (const name of names) {
      const entry = metadata.get(name);
      if (entry?.isTensor === false)
        found.set(name, { refused: "it is a sequence, map or optional value, not a tensor" });
      else if (entry?.isTensor && !canBeFeatures(entry.type))
        found.set(name, { refused: `values of type ${entry.type} cannot be features` });
      else readable.push(name);
    }
    for (const group of inGroups(readable, metadata)) {
      const runs = await runSample(model, session, plan, group, sample);
      for (const name of group) found.set(name, judge(runs, name, plan.fixedBatch));
    }
  } finally {
    await session.release();
  }
}

/** Names whose values may be in memory together: large networks are run more than once rather than held whole. */
function inGroups(names: readonly string[], metadata: ReadonlyMap<string, InferenceSession.ValueMetadata>): string[][] {
  const groups: string[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const entry = metadata.get(name);
    const elements = !entry
      ? unknownElements
      : entry.isTensor
        ? product(entry.shape.map((dim) => (typeof dim === "number" ? dim : 2)))
        : 0;
    size += elements;
    if (size > maxElementsTogether) {
      groups.push([]);
      size = elements;
    }
    groups.at(-1)?.push(name);
  }
  return groups;
}

type Outputs = Readonly<Record<string, Tensor>>;
/** first, second: outputs for one row each (or a whole fixed batch); both: for the two together. */
interface SampleRuns {
  readonly first: Outputs;
  readonly second: Outputs;
  readonly both: Outputs | null;
}

async function runSample(
  model: ForeignModel,
  session: ModelSession,
  plan: BatchPlan,
  names: readonly string[],
  sample: RowBlock,
): Promise<SampleRuns> {
  const run = async (order: readonly number[]): Promise<Outputs> => {
    try {
      return await session.run(toFeeds(model, plan, pick(plan, sample, order), order.length), names);
    } catch (cause) {
      if (cause instanceof Error && cause.name === "InputError") throw cause;
      return rejectRun(model, "onnxruntime must be able to run it on two rows", cause);
    }
  };
  const size = plan.fixedBatch;
  if (size !== null && size > 1) {
    const alternate = (start: number): number[] => Array.from({ length: size }, (_, i) => (i + start) % 2);
    return { first: await run(alternate(0)), second: await run(alternate(1)), both: null };
  }
  return { first: await run([0]), second: await run([1]), both: size === 1 ? null : await run([0, 1]) };
}

/** The rows `order` of a block. */
function pick(plan: BatchPlan, sample: RowBlock, order: readonly number[]): RowBlock {
  return Object.fromEntries(
    plan.inputs.flatMap(({ name, batchAxis }) => {
      const given = sample[name];
      if (!given || batchAxis === null) return given ? [[name, given]] : [];
      const size = product(given.shape);
      const data = emptyLike(given.data, order.length * size);
      for (const [to, from] of order.entries()) copyElements(given.data, from * size, data, to * size, size);
      return [[name, { data, shape: given.shape }]];
    }),
  );
}

function judge({ first, second, both }: SampleRuns, name: string, fixedBatch: number | null): Measured {
  const a = first[name];
  const b = second[name];
  if (!a || !b) return { refused: "onnxruntime did not return it" };
  if (a.dims.join() !== b.dims.join()) return { refused: "its shape depends on the values of the input" };
  if (a.size === 0) return { refused: "it is empty" };
  const alone: TapFacts = { type: a.type, shape: a.dims[0] === 1 ? a.dims.slice(1) : a.dims, rows: null };
  if (fixedBatch !== null) {
    if (fixedBatch === 1) return alone;
    const rows = candidates(a.dims, fixedBatch).find((rows) => swapped(a, b, rows, fixedBatch));
    return rows
      ? { type: a.type, shape: rowShape(a.dims, rows), rows }
      : { refused: `no axis of [${a.dims.join(", ")}] holds the ${fixedBatch} rows of the model's fixed batch apart` };
  }
  const c = both?.[name];
  const axes = c && c.dims.length === a.dims.length ? a.dims.flatMap((dim, i) => (c.dims[i] === dim ? [] : [i])) : [];
  const axis = axes[0];
  if (!c || axis === undefined) return alone;
  const chunk = a.dims[axis] ?? 0;
  if (axes.length > 1 || c.dims[axis] !== 2 * chunk) return alone;
  const rows = { axis, chunk };
  const together = takeRows(toFloat32(c, name), c.dims, rows, 2);
  const half = together.length / 2;
  const independent =
    close(toFloat32(a, name), together.subarray(0, half), a.type) &&
    close(toFloat32(b, name), together.subarray(half), a.type);
  return independent ? { type: a.type, shape: rowShape(a.dims, rows), rows } : alone;
}

/** Axes that could hold a fixed batch: first those of exactly its size, then those that are a multiple. */
function candidates(dims: readonly number[], batch: number): RowPlan[] {
  const exact = dims.flatMap((dim, axis) => (dim === batch ? [{ axis, chunk: 1 }] : []));
  const folded = dims.flatMap((dim, axis) => (dim > batch && dim % batch === 0 ? [{ axis, chunk: dim / batch }] : []));
  return [...exact, ...folded];
}

/** Rows 0 and 1 changed places between the two runs, so rows 0 and 1 of the tap must have too. */
function swapped(a: Tensor, b: Tensor, plan: RowPlan, batch: number): boolean {
  const x = takeRows(toFloat32(a, "a"), a.dims, plan, batch);
  const y = takeRows(toFloat32(b, "b"), b.dims, plan, batch);
  const size = x.length / batch;
  return (
    close(x.subarray(0, size), y.subarray(size, 2 * size), a.type) &&
    close(x.subarray(size, 2 * size), y.subarray(0, size), a.type)
  );
}

/** Equal up to the rounding of another batch size; integer codes of quantised tensors may differ by one. */
function close(x: Float32Array, y: Float32Array, type: string): boolean {
  if (x.length !== y.length) return false;
  let largest = 0;
  for (let i = 0; i < x.length; i++) if (Number.isFinite(x[i])) largest = Math.max(largest, Math.abs(x[i]!));
  const tolerance = type === "int8" || type === "uint8" ? 1 : (type === "float16" ? 2e-2 : 1e-3) * largest;
  for (let i = 0; i < x.length; i++)
    if (!(Math.abs(x[i]! - y[i]!) <= tolerance) && !Object.is(x[i], y[i])) return false;
  return true;
}
