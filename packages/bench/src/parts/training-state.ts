/** @file The state of a training as flat named arrays, for the store. */
import type { Parameters, TrainingState } from "@linear-probes/models";
import type { StoredArray } from "../stored-value.ts";

export function stateArrays({ parameters, accumulators }: TrainingState): Record<string, StoredArray> {
  const arrays: Record<string, StoredArray> = {};
  for (const [name, values] of parameters) arrays[`parameters/${name}`] = values;
  for (const [number, values] of accumulators.entries())
    for (const [name, part] of values) arrays[`accumulators/${number}/${name}`] = part;
  return arrays;
}

export function stateOf(step: number, arrays: Readonly<Record<string, StoredArray>>): TrainingState {
  const parameters = new Map<string, Float32Array>();
  const accumulators: Map<string, Float32Array>[] = [];
  for (const [path, values] of Object.entries(arrays)) {
    if (!(values instanceof Float32Array)) continue;
    const [kind, ...rest] = path.split("/");
    if (kind === "parameters") parameters.set(rest.join("/"), values);
    else (accumulators[Number(rest[0])] ??= new Map()).set(rest.slice(1).join("/"), values);
  }
  return { step, parameters, accumulators };
}

/** Stored parameters, where nothing else was stored with them. */
export function parametersOf(arrays: Readonly<Record<string, StoredArray>>): Parameters {
  return new Map(
    Object.entries(arrays).flatMap(([name, values]) => (values instanceof Float32Array ? [[name, values]] : [])),
  );
}
