/** @file Probes a foreign model from file to result: data, taps, networks, rows with their provenance. */
import { mkdirSync, statfsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createWasmRuntime, reject, rootStream, type Row, sha256, type Stream } from "@linear-probes/core";
import { openModel, printable, readModel, untrainedTwin } from "@linear-probes/models";
import { bytesText } from "../bytes-text.ts";
import type { Effects } from "../effects.ts";
import { createFingerprinter } from "../fingerprint.ts";
import { timingsOf } from "../ledger.ts";
import { packagesOf, provenance, repositoryRoot } from "../provenance.ts";
import { writeResult } from "../results.ts";
import type { RunRecord } from "../run-record.ts";
import { openStore } from "../store.ts";
import { controlLabels } from "./control-labels.ts";
import { modelInputs } from "./model-inputs.ts";
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
  readonly preprocess?: PreprocessChoice;
  readonly batch: number; // rows per forward pass, unless the file fixes it
  readonly settings: ProbeSettings;
  readonly controls: boolean;
  readonly seed: string;
  readonly threads: number;
  readonly storeFolder: string;
  readonly out: string;
}

export interface Probing {
  readonly folder: string;
  readonly rows: readonly Row[];
  readonly notices: readonly string[];
  readonly reused: number; // stored values that were used again
  readonly computed: number; // and those that were not there
}

/** Throws `Interrupted` when stopped; what was finished is in the store and the next run goes on from there. */
export async function runProbing(path: string, options: ProbingOptions, effects: Effects): Promise<Probing> {
  const startedAt = effects.isoTime();
  const start = effects.seconds();
  const stream = rootStream(options.seed).split(PROBE_ONNX);
  const model = readModel(path);
  const data = await probeData(options.data, options.dataOptions, stream, effects.log);
  checkRows(data);
  const inputs = modelInputs(model, data, options.preprocess);
  try {
    const sample = await inputs.source.read(0, Math.min(2, data.count));
    const tapped = await openModel(model, { sample });
    const names = tapped.select(options.taps).map(({ name }) => name);
    checkSpace(reducedTaps(tapped, names, options.reducer, stream), data.count, options, effects.log);
    const { train, validation, test } = data.roles;
    effects.log(
      `${model.name}: ${names.length} taps, ${data.record.name}: ${train.length} training, ${validation.length} ` +
        `validation and ${test.length} test rows of ${data.classes} classes, reducer ${options.reducer}`,
    );
    const stages = stageFingerprints();
    const networks = {
      source: inputs.source,
      inputs: data.hash,
      preprocess: inputs.preprocess,
      taps: names,
      reducer: options.reducer,
      roles: data.roles,
      settings: options.settings,
      batch: options.batch,
      threads: options.threads,
      stream,
      codes: {
        activations: sha256(stages.inputs.sha256 + stages.activations.sha256),
        probes: stages.probes.sha256,
      },
      store: openStore({ folder: options.storeFolder, log: effects.log }),
      effects,
      progress: createProgress(effects),
    };
    const runtime = await createWasmRuntime({ threads: options.threads });
    const results: NetworkResult[] = [];
    try {
      const tasks = tasksOf(data, options.controls, stream);
      results.push(await probeNetwork({ ...networks, name: "trained", tapped, tasks, runtime }));
      if (options.controls) {
        const twin = await openModel(untrainedTwin(model, stream.split("twin")), { sample });
        const own = tasks.slice(0, 1);
        results.push(await probeNetwork({ ...networks, name: "untrained-twin", tapped: twin, tasks: own, runtime }));
      }
    } finally {
      await runtime.dispose();
    }
    const uses = results.flatMap((result) => result.uses);
    const rows = completed(results, data, model.name);
    const run: Omit<RunRecord, "rowsSha256"> = {
      experiment: PROBE_ONNX,
      profile: "paper", // all rows asked for, to the gap asked for: nothing is cut short
      seed: options.seed,
      settings: recordedSettings(options, model, data, inputs.preprocess),
      replayLevel: "bitwise-one-machine",
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
      notices: data.record.notice === undefined ? [] : [data.record.notice],
      reused: uses.filter(({ reused }) => reused).length,
      computed: uses.filter(({ reused }) => !reused).length,
    };
  } finally {
    await inputs.release();
  }
}

/** What would fail for every tap is refused at once. */
function checkRows({ roles, labels, classes, record }: ProbeData): void {
  const seen = new Set(roles.train.map((row) => labels[row] ?? 0));
  if (seen.size < 2) reject(`${record.name}: training labels`, "must be of at least two classes", seen.size);
  if (roles.train.length < classes)
    reject(`${record.name}: training rows`, `must be at least the ${classes} classes`, roles.train.length);
}

type Sized = ReturnType<typeof reducedTaps>;

/** Says what the activations will take, and refuses what the disk has no room for. */
function checkSpace(taps: Sized, rows: number, options: ProbingOptions, log: (line: string) => void): void {
  const bytes = 4 * rows * taps.reduce((sum, { cols }) => sum + cols, 0) * (options.controls ? 2 : 1);
  mkdirSync(options.storeFolder, { recursive: true });
  const { bavail, bsize } = statfsSync(options.storeFolder);
  log(`activations take up to ${bytesText(bytes)} in ${options.storeFolder}`);
  if (bytes > bavail * bsize)
    reject(
      "store",
      `must have room for ${bytesText(bytes)} of activations`,
      `${bytesText(bavail * bsize)} free`,
      "use fewer rows or taps, or a reducer such as random:1000",
    );
}

function tasksOf(data: ProbeData, controls: boolean, stream: Stream): readonly ProbeTask[] {
  const { labels, classes } = data;
  const own: ProbeTask = { name: "labels", labels, classes };
  if (!controls) return [own];
  return [own, { name: "control", labels: controlLabels(data, stream.split("control")), classes }];
}

/** Rows with what only becomes known beside other rows: the error of guessing, and selectivity. */
function completed(results: readonly NetworkResult[], data: ProbeData, model: string): readonly Row[] {
  const of = (rows: Int32Array): Int32Array => rows.map((row) => data.labels[row] ?? 0);
  const guessing = majorityError(of(data.roles.train), of(data.roles.test), data.classes);
  return results.flatMap(({ rows }) =>
    rows.map((row) => {
      const control = rows.find((other) => other["task"] === "control" && isSameTap(other, row));
      const [error, controlError] = [row["testError"], control?.["testError"]];
      const both = row["task"] === "labels" && typeof error === "number" && typeof controlError === "number";
      return {
        ...row,
        model,
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
  model: ReturnType<typeof readModel>,
  data: ProbeData,
  preprocess: string,
): RunRecord["settings"] {
  const { settings, roles } = { settings: options.settings, roles: data.roles };
  return {
    model: { name: model.name, sha256: model.fingerprint, opset: model.opset, producer: model.producer },
    data: data.record.name,
    rows: { train: roles.train.length, validation: roles.validation.length, test: roles.test.length },
    taps: options.taps.map((selector) => printable(selector)),
    reducer: options.reducer,
    preprocess,
    batch: options.batch,
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
