/** @file Probes a foreign model from file to result: data, taps, networks, rows with their provenance. */
import { mkdirSync, statfsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createWasmRuntime, reject, rootStream, type Row, sha256, type Stream } from "@linear-probes/core";
import {
  type ActivationDtype,
  type Device,
  formatOf,
  type ForeignModel,
  openModel,
  printable,
  readForeignModel,
  type RowBlock,
  type TappedModel,
  twinOf,
} from "@linear-probes/models";
import { bytesText } from "../bytes-text.ts";
import type { Effects } from "../effects.ts";
import { createFingerprinter } from "../fingerprint.ts";
import { timingsOf, type Use } from "../ledger.ts";
import { packagesOf, provenance, repositoryRoot } from "../provenance.ts";
import { writeResult } from "../results.ts";
import type { RunRecord } from "../run-record.ts";
import { openStore } from "../store.ts";
import { controlLabels } from "./control-labels.ts";
import { type ModelInputs, modelInputs } from "./model-inputs.ts";
import { type PreprocessChoice } from "./preprocess-option.ts";
import { type ProbeData, probeData, type ProbeDataOptions } from "./probe-data.ts";
import { type NetworkResult, probeNetwork, reducedTaps } from "./probe-network.ts";
import type { ProbeSettings, ProbeTask } from "./probe-tap.ts";
import { createProgress } from "./progress.ts";
import { CALIBRATION_BINS, majorityError, RESAMPLES } from "./test-measures.ts";

/** The name of the result, as an experiment's. */
const PROBE_ONNX = "probe-onnx";

export interface ProbingOptions {
  readonly data: string; // dataset or path
  readonly dataOptions: ProbeDataOptions;
  readonly taps: readonly string[]; // selectors
  readonly reducer: string;
  readonly dtype: ActivationDtype;
  readonly preprocess?: PreprocessChoice;
  readonly batch?: number; // rows per forward pass, unless the file fixes it; default by the size of the taps
  readonly settings: ProbeSettings;
  readonly device: Device;
  readonly controls: boolean;
  /** Of several checkpoints, also fit each probe from nothing, to show what warm starts save. */
  readonly cold: boolean;
  readonly seed: string;
  readonly threads: number;
  readonly storeFolder: string;
  readonly out: string;
  /** False only for models of one's own making: the first run is then made in this process. Default true. */
  readonly isolated?: boolean;
}

export interface Probing {
  readonly folder: string;
  readonly rows: readonly Row[];
  readonly notices: readonly string[];
  readonly reused: number; // stored values that were used again
  readonly computed: number; // and those that were not there
}

/**
 * Probes one model, or several checkpoints of one, in the order given: each probe then starts from that of the checkpoint
 * before. Throws `Interrupted` when stopped; what was finished is in the store and the next run goes on from there.
 */
export async function runProbing(
  paths: readonly string[],
  options: ProbingOptions,
  effects: Effects,
): Promise<Probing> {
  const startedAt = effects.isoTime();
  const start = effects.seconds();
  const stream = rootStream(options.seed).split(PROBE_ONNX);
  const models = await Promise.all(paths.map((path) => readForeignModel(path)));
  const data = await probeData(options.data, options.dataOptions, stream, effects.log);
  checkRows(data);
  const store = openStore({ folder: options.storeFolder, log: effects.log });
  const stages = stageFingerprints();
  const progress = createProgress(effects);
  const runtime = await createWasmRuntime({ threads: options.threads });
  const opened: OpenedModel[] = [];
  try {
    for (const model of models) opened.push(await openForProbing(model, data, options, opened[0]));
    const [first] = opened;
    if (first === undefined) return reject("models", "must be at least one", "none");
    const { names } = first;
    const networks = options.controls ? [...opened, first] : opened; // the last is the untrained twin
    const sizes = networks.flatMap(({ tapped }) => reducedTaps(tapped, names, options.reducer, stream));
    checkSpace(sizes, data.count, options, effects.log);
    for (const line of introduction(opened, data, options)) effects.log(line);
    const common = {
      inputs: data.hash,
      taps: names,
      reducer: options.reducer,
      dtype: options.dtype,
      roles: data.roles,
      settings: options.settings,
      batch: options.batch,
      device: options.device,
      threads: options.threads,
      stream,
      codes: {
        activations: sha256(stages.inputs.sha256 + stages.activations.sha256),
        probes: stages.probes.sha256,
      },
      runtime,
      store,
      effects,
      progress,
    };
    const tasks = tasksOf(data, options.controls, stream);
    const results: (NetworkResult & { readonly model: string; readonly checkpoint: number })[] = [];
    const colds: NetworkResult[] = [];
    let former: NetworkResult["kept"] | undefined;
    for (const [checkpoint, { model, inputs, tapped }] of opened.entries()) {
      const network = { ...common, ...inputs, inputs: data.hash, name: "trained" as const, tapped, tasks };
      const result = await probeNetwork({ ...network, ...(former && { former }) });
      results.push({ ...result, model: model.name, checkpoint });
      colds.push(options.cold && former ? await probeNetwork(network) : result);
      former = result.kept;
    }
    const last = opened.at(-1);
    if (options.controls && last !== undefined) {
      const { model, inputs, sample } = last;
      const twin = await openModel(await twinOf(model, stream.split("twin")), {
        sample,
        isolated: options.isolated ?? true,
      });
      const network = { ...common, ...inputs, inputs: data.hash, name: "untrained-twin" as const, tapped: twin };
      const result = await probeNetwork({ ...network, tasks: tasks.slice(0, 1) });
      results.push({ ...result, model: model.name, checkpoint: opened.length - 1 });
    }
    const uses = distinct([...results, ...colds].flatMap((result) => result.uses));
    const rows = completed(results, options.cold ? colds : [], data);
    const run: Omit<RunRecord, "rowsSha256"> = {
      experiment: PROBE_ONNX,
      profile: "paper", // all rows asked for, to the gap asked for: nothing is cut short
      seed: options.seed,
      settings: recordedSettings(options, opened, data),
      // A graphics card adds in no fixed order.
      replayLevel: options.device === "cpu" ? "bitwise-one-machine" : "tolerance",
      status: "complete",
      dataset: data.record,
      ...provenance(),
      threads: options.threads,
      packages: packagesOf(Object.values(stages)),
      startedAt,
      finishedAt: effects.isoTime(),
      timings: timingsOf(uses, 1, effects.seconds() - start, effects.peakRssMiB()),
      stages: Object.fromEntries(Object.entries(stages).map(([name, { parts }]) => [name, { ...parts }])),
    };
    return {
      folder: writeResult(rows, run, options.out),
      rows,
      notices: [...(data.record.notice === undefined ? [] : [data.record.notice]), ...savings(rows)],
      reused: uses.filter(({ reused }) => reused).length,
      computed: uses.filter(({ reused }) => !reused).length,
    };
  } finally {
    await runtime.dispose();
    for (const { inputs } of opened) await inputs.release();
  }
}

interface OpenedModel {
  readonly model: ForeignModel;
  readonly inputs: ModelInputs;
  readonly sample: RowBlock;
  readonly tapped: TappedModel;
  readonly names: readonly string[]; // of the taps that are probed
}

/** A later checkpoint must have the taps of the first, of the same sizes. */
async function openForProbing(
  model: ForeignModel,
  data: ProbeData,
  options: ProbingOptions,
  first: OpenedModel | undefined,
): Promise<OpenedModel> {
  const inputs = modelInputs(model, data, options.preprocess);
  try {
    const sample = await inputs.source.read(0, Math.min(2, data.count));
    const tapped = await openModel(model, { sample, isolated: options.isolated ?? true });
    const names = first?.names ?? tapped.select(options.taps).map(({ name }) => name);
    for (const name of first === undefined ? [] : names) {
      const [wanted, own] = [first?.tapped, tapped].map((one) => featuresOf(one, name));
      if (own !== wanted)
        reject(
          `${model.name}: tap "${printable(name)}"`,
          `must have ${wanted} features, as in ${first?.model.name}`,
          own ?? "no such tap",
          "checkpoints must be of one network",
        );
    }
    return { model, inputs, sample, tapped, names };
  } catch (error) {
    await inputs.release();
    throw error;
  }
}

function featuresOf(tapped: TappedModel | undefined, name: string): number | undefined {
  const tap = tapped?.taps.find((one) => one.name === name);
  return tap !== undefined && "features" in tap ? tap.features : undefined;
}

function introduction(opened: readonly OpenedModel[], data: ProbeData, { reducer }: ProbingOptions): string[] {
  const [first] = opened;
  const { train, validation, test } = data.roles;
  return [
    ...(opened.length > 1
      ? [`${opened.length} checkpoints, in this order: ${opened.map(({ model }) => model.name).join(", ")}`]
      : []),
    `${first?.model.name}: ${first?.names.length} taps, ${data.record.name}: ${train.length} training, ` +
      `${validation.length} validation and ${test.length} test rows of ${data.classes} classes, reducer ${reducer}`,
  ];
}

/** A value that two networks share counts once. */
function distinct(uses: readonly Use[]): readonly Use[] {
  return [...new Map(uses.toReversed().map((use) => [use.key, use])).values()].toReversed();
}

/** What warm starts saved, where fits from nothing were made beside them. */
function savings(rows: readonly Row[]): string[] {
  const both = rows.filter((row) => typeof row["coldPasses"] === "number" && Number(row["checkpoint"]) > 0);
  if (both.length === 0) return [];
  const sum = (key: string): number => both.reduce((total, row) => total + Number(row[key]), 0);
  const [warm, cold] = [sum("passes"), sum("coldPasses")];
  return [
    `warm starts: ${warm.toFixed(0)} passes over the rows instead of ${cold.toFixed(0)} from nothing, for the ` +
      `${both.length} probes after the first checkpoint (${((100 * (cold - warm)) / cold).toFixed(0)} % saved)`,
  ];
}

/** What would fail for every tap is refused at once. */
function checkRows({ roles, labels, classes, record }: ProbeData): void {
  const seen = new Set(roles.train.map((row) => labels[row] ?? 0));
  if (seen.size < 2) reject(`${record.name}: training labels`, "must be of at least two classes", seen.size);
  if (roles.train.length < classes)
    reject(`${record.name}: training rows`, `must be at least the ${classes} classes`, roles.train.length);
}

const BYTES: Readonly<Record<ActivationDtype, number>> = { float32: 4, float16: 2 };

type Sized = ReturnType<typeof reducedTaps>;

/** Says what the activations will take, and refuses what the disk has no room for. */
function checkSpace(taps: Sized, rows: number, options: ProbingOptions, log: (line: string) => void): void {
  const bytes = BYTES[options.dtype] * rows * taps.reduce((sum, { cols }) => sum + cols, 0);
  mkdirSync(options.storeFolder, { recursive: true });
  const { bavail, bsize } = statfsSync(options.storeFolder);
  log(`activations take up to ${bytesText(bytes)} in ${options.storeFolder}`);
  if (bytes > bavail * bsize)
    reject(
      "store",
      `must have room for ${bytesText(bytes)} of activations`,
      `${bytesText(bavail * bsize)} free`,
      "use fewer rows or taps, --dtype float16, or a reducer such as random:1000",
    );
}

function tasksOf(data: ProbeData, controls: boolean, stream: Stream): readonly ProbeTask[] {
  const { labels, classes } = data;
  const own: ProbeTask = { name: "labels", labels, classes };
  if (!controls) return [own];
  return [own, { name: "control", labels: controlLabels(data, stream.split("control")), classes }];
}

/** Rows with what only becomes known beside other rows: the error of guessing, selectivity, passes of a cold start. */
function completed(
  results: readonly (NetworkResult & { readonly model: string; readonly checkpoint: number })[],
  colds: readonly NetworkResult[],
  data: ProbeData,
): readonly Row[] {
  const of = (rows: Int32Array): Int32Array => rows.map((row) => data.labels[row] ?? 0);
  const guessing = majorityError(of(data.roles.train), of(data.roles.test), data.classes);
  return results.flatMap(({ rows, model, checkpoint }, at) =>
    rows.map((row, i) => {
      const control = rows.find((other) => other["task"] === "control" && isSameTap(other, row));
      const [error, controlError] = [row["testError"], control?.["testError"]];
      const both = row["task"] === "labels" && typeof error === "number" && typeof controlError === "number";
      return {
        ...row,
        model,
        checkpoint,
        coldPasses: colds[at]?.rows[i]?.["passes"] ?? null,
        classes: data.classes,
        majorityError: guessing,
        selectivity: both ? controlError - error : null,
      };
    }),
  );
}

function isSameTap(a: Row, b: Row): boolean {
  return a["depth"] === b["depth"] && a["tap"] === b["tap"];
}

function recordedSettings(
  options: ProbingOptions,
  opened: readonly OpenedModel[],
  data: ProbeData,
): RunRecord["settings"] {
  const { settings, roles } = { settings: options.settings, roles: data.roles };
  return {
    models: opened.map(({ tapped: { model } }) => ({
      name: model.name,
      sha256: model.fingerprint,
      format: formatOf(model),
      producer: model.producer,
    })),
    data: data.record.name,
    rows: { train: roles.train.length, validation: roles.validation.length, test: roles.test.length },
    taps: options.taps.map((selector) => printable(selector)),
    reducer: options.reducer,
    dtype: options.dtype,
    preprocess: opened[0]?.inputs.preprocess ?? "",
    batch: options.batch ?? "by the size of the taps",
    device: options.device,
    controls: options.controls,
    ...settings,
    l2Strengths: [...settings.l2Strengths],
    calibrationBins: CALIBRATION_BINS,
    resamples: RESAMPLES,
  };
}

/** The code that model inputs, activations and probes depend on. */
function stageFingerprints() {
  const fingerprint = createFingerprinter(repositoryRoot);
  const at = (file: URL) => fingerprint(fileURLToPath(file));
  return {
    inputs: at(new URL("./model-inputs.ts", import.meta.url)),
    activations: at(new URL("./stored-activations.ts", import.meta.url)),
    probes: at(new URL("./probe-tap.ts", import.meta.url)),
  };
}
