/** @file All chosen taps of one network, foreign or its untrained twin: activations, then probes, through the store. */
import {
  type ActivationDtype,
  createReducer,
  type Device,
  printable,
  type RowSource,
  type TappedModel,
} from "@linear-probes/models";
import { reject, rootStream, type Row, type Runtime, sha256, type SplitRows, type Stream } from "@linear-probes/core";
import type { Effects } from "../effects.ts";
import { createMeter, type Use, useOf } from "../ledger.ts";
import { rowSchema } from "../results.ts";
import { keyOf, type Remembered, type Store } from "../store.ts";
import type { Facts } from "../stored-value.ts";
import { canBeCarried, type CarriedPath, pathArrays, pathOf } from "./carried-path.ts";
import { probeTap, type ProbeSettings, type ProbeTask } from "./probe-tap.ts";
import type { Progress } from "./progress.ts";
import { storedActivations, type StoredActivations } from "./stored-activations.ts";
import { groupTaps, type ReducedTap, type TapGroup } from "./tap-groups.ts";

export interface NetworkOptions {
  readonly name: "trained" | "untrained-twin";
  readonly tapped: TappedModel;
  readonly taps: readonly string[]; // names
  readonly tasks: readonly ProbeTask[];
  readonly source: RowSource;
  readonly inputs: string; // content hash of the rows
  readonly preprocess: string;
  readonly reducer: string;
  readonly dtype: ActivationDtype;
  readonly roles: SplitRows;
  readonly settings: ProbeSettings;
  readonly batch: number | undefined; // rows per forward pass; undefined: by the size of the taps
  readonly device: Device;
  readonly threads: number;
  readonly stream: Stream;
  /** The probes of the former checkpoint, where fits start. */
  readonly former?: KeptProbes;
  readonly codes: { readonly activations: string; readonly probes: string };
  readonly runtime: Runtime;
  readonly store: Store;
  readonly effects: Effects;
  readonly progress: Progress;
}

/** Of each tap and task, what its stored probe depended on. */
type KeptProbes = ReadonlyMap<string, Facts>;

export interface NetworkResult {
  readonly rows: readonly Row[]; // taps in depth order, tasks within a tap
  readonly kept: KeptProbes;
  readonly uses: readonly Use[];
}

export function reducedTaps(tapped: TappedModel, names: readonly string[], reducer: string, stream: Stream) {
  const own = rootStream(stream.path);
  return tapped.taps.flatMap((tap): ReducedTap[] => {
    if (!names.includes(tap.name) || tap.refused !== undefined || !("features" in tap)) return [];
    const made = createReducer(reducer, tap, own);
    return [{ tap, reducer: made, cols: made.cols }];
  });
}

export async function probeNetwork(options: NetworkOptions): Promise<NetworkResult> {
  const { tapped, reducer, stream, batch, source, effects, store, codes, progress } = options;
  const uses = new Map<string, Use>();
  const note = (value: Remembered): void => {
    const use = useOf(value);
    if (!uses.has(use.key)) uses.set(use.key, use); // a value computed here and then read was computed here
  };
  const taps = reducedTaps(tapped, options.taps, reducer, stream);
  const groups = groupTaps(taps, batch, tapped.plan.fixedBatch);
  const activations = storedActivations({
    ...options,
    stream: stream.path,
    code: codes.activations,
    onRows: (group, rows) => progress.forward(rows * group.taps.length),
    onUse: (facts, cost, reused) => note({ facts, cost, reused, json: null, arrays: {} }),
  });
  progress.add({ forward: source.rows * taps.length, probes: taps.length });
  const rows: Row[] = [];
  const kept = new Map<string, Facts>();
  try {
    for (const group of groups) {
      const plans = group.taps.map((tap) => ({ tap, facts: probeFacts(activations, group, tap, options) }));
      const missing = plans.filter(({ facts }) => !facts.every((one) => store.has(one))).map(({ tap }) => tap);
      if (missing.length > 0) await activations.prepare(group, missing);
      progress.forward(source.rows * (group.taps.length - missing.length));
      await activations.release();
      for (const { tap, facts } of plans) {
        effects.stop.check();
        const found = await probeOne(activations, group, tap, facts, options);
        found.forEach(note);
        for (const [i, { name, classes }] of options.tasks.entries()) {
          rows.push({ ...place(options, tap), task: name, ...rowSchema.parse(found[i]?.json) });
          const own = facts[i];
          if (own && isCarried(options, tap, classes)) kept.set(placeOf(tap, name), own);
        }
        progress.probe(`${printable(tap.tap.name, 60)}, ${options.name}`);
      }
    }
  } finally {
    await activations.release();
  }
  return { rows, kept, uses: [...uses.values()] };
}

function placeOf({ tap }: ReducedTap, task: string): string {
  return JSON.stringify([tap.name, task]);
}

function isCarried({ settings }: NetworkOptions, { cols }: ReducedTap, classes: number): boolean {
  return canBeCarried(settings.l2Strengths.length, classes, cols);
}

function formerPath({ former, store }: NetworkOptions, tap: ReducedTap, task: string): CarriedPath {
  const facts = former?.get(placeOf(tap, task));
  if (facts === undefined) return [];
  const entry = store.get(facts);
  if (entry === undefined)
    return reject(
      `${store.folder}: probes of the former checkpoint`,
      "must stay while they are used",
      "nothing there",
      "run again",
    );
  return pathOf(entry.arrays);
}

/** The tap's probe for each task: stored ones, and the missing ones fitted on features that are loaded once. */
async function probeOne(
  activations: StoredActivations,
  group: TapGroup,
  tap: ReducedTap,
  facts: readonly Facts[],
  options: NetworkOptions,
): Promise<readonly Remembered[]> {
  const { runtime, roles, settings, stream, tasks, effects, store } = options;
  const found = facts.map((one) => store.get(one));
  const missing = tasks.filter((_, i) => found[i] === undefined);
  const meter = createMeter(effects);
  const source = { load: (parts: readonly Int32Array[]) => activations.load(runtime, group, tap, parts) };
  const probed =
    missing.length === 0
      ? []
      : await meter.phase("probes", () =>
          probeTap(source, missing, {
            runtime,
            roles,
            settings,
            stream: stream.split("probes").split(tap.tap.name),
            resamples: stream.split("resamples"),
            carried: missing.map(({ name }) => formerPath(options, tap, name)),
            stop: effects.stop,
          }),
        );
  const { seconds, peakRssMiB } = meter.cost();
  const cost = { seconds: { probes: (seconds["probes"] ?? 0) / Math.max(1, missing.length) }, peakRssMiB };
  return tasks.map((task, i) => {
    const own = facts[i] ?? { kind: "onnx-probe" };
    const entry = found[i];
    if (entry !== undefined) return { ...entry, reused: true };
    const { cells, path } = probed[missing.indexOf(task)] ?? { cells: {}, path: [] };
    const json = { ...cells };
    const arrays = isCarried(options, tap, task.classes) ? pathArrays(path) : {};
    store.put(own, { json, arrays }, cost);
    return { facts: own, json, arrays, cost, reused: false };
  });
}

/** What the probe of each task depends on. */
function probeFacts(
  activations: StoredActivations,
  group: TapGroup,
  tap: ReducedTap,
  { tasks, roles, settings, stream, codes, former }: NetworkOptions,
): readonly Facts[] {
  const hashOf = (values: Int32Array): string =>
    sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  const startOf = (task: string): string | null => {
    const start = former?.get(placeOf(tap, task));
    return start === undefined ? null : keyOf(start);
  };
  return tasks.map(({ name, labels, classes }) => ({
    kind: "onnx-probe",
    activations: keyOf(activations.facts(group, tap)),
    task: name,
    labels: hashOf(labels),
    classes,
    roles: Object.values(roles).map(hashOf),
    settings,
    stream: stream.path,
    start: startOf(name),
    code: codes.probes,
  }));
}

function place({ name, reducer, dtype }: NetworkOptions, { tap, cols }: ReducedTap): Row {
  return {
    kind: "probe",
    network: name,
    tap: printable(tap.name),
    operator: printable(tap.operator),
    depth: tap.depth,
    features: tap.features,
    columns: cols,
    reducer,
    dtype,
  };
}
