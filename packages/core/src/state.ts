/**
 * @file Freezes a solver's state to plain data and thaws it again, so that a fit taken up later, in another process if
 * need be, continues with the same bits. Works on any state that keeps to the rule in solver.ts; the frozen form is
 * made for structured clone or v8.serialize.
 */
import { reject } from "./errors.ts";
import type { Margins } from "./kernels/kernels.ts";
import type { Oracle } from "./oracle.ts";
import type { Iterate, Solver } from "./solver.ts";
import { rootStream, type Stream } from "./stream.ts";

/** Plain data standing for a state. */
export type Frozen = { readonly frozen: unknown };

export function freezeState(state: object): Frozen {
  return { frozen: freeze(state) };
}

/** A state of `solver` as it was. Its margins are new ones of `oracle`: free them with the solver's `release`. */
export function thawState<State extends Iterate>(_solver: Solver<State>, oracle: Oracle, { frozen }: Frozen): State {
  return thaw(oracle, frozen) as State; // oxlint-disable-line typescript/no-unsafe-type-assertion -- frozen by this solver
}

const MARGINS = "$margins";
const STREAM = "$stream";

function freeze(value: unknown): unknown {
  if (value === null || typeof value !== "object") {
    if (typeof value === "function") reject("state", "must be plain data", "a function", "see solver.ts");
    return value;
  }
  if (ArrayBuffer.isView(value)) return structuredClone(value);
  if (Array.isArray(value)) return value.map(freeze);
  if (isMargins(value)) return { [MARGINS]: value.read() };
  if (isStream(value)) return { [STREAM]: value.path };
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, freeze(part)]));
}

function thaw(oracle: Oracle, value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (ArrayBuffer.isView(value)) return structuredClone(value);
  if (Array.isArray(value)) return value.map((part) => thaw(oracle, part));
  const record = Object.fromEntries(Object.entries(value));
  const kept: unknown = record[MARGINS];
  if (kept instanceof Float64Array) {
    const margins = oracle.createMargins();
    margins.write(kept);
    return margins;
  }
  const path: unknown = record[STREAM];
  if (typeof path === "string") return rootStream(path);
  return Object.fromEntries(Object.entries(record).map(([key, part]) => [key, thaw(oracle, part)]));
}

function isMargins(value: object): value is Margins {
  return "read" in value && "write" in value && "classes" in value;
}

function isStream(value: object): value is Stream {
  return "path" in value && "split" in value;
}
