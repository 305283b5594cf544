/**
 * @file One tap of a foreign model: its probes fitted and certified, l2 chosen on validation rows, then, once, its test
 * rows. What cannot be fitted (values that are not finite, a constant tap) is an outcome with its reason.
 */
import {
  type Features,
  InputError,
  labelled,
  type LinearProbe,
  predictOnTest,
  type Row,
  type Runtime,
  type SplitRows,
  type Stream,
} from "@linear-probes/core";
import type { StopFlag } from "../stop-flag.ts";
import { certifiedProbe } from "../stages/convnet-certified.ts";
import { type CarriedPath, carriedPath, startsFrom } from "./carried-path.ts";
import { type TestMeasures, testMeasures } from "./test-measures.ts";

export type ProbeSettings = {
  readonly l2Strengths: readonly number[]; // l2 over the total variance of the features
  readonly relativeGap: number; // certified
  readonly passes: number; // budget of each fit
};

/** A labelling of all rows: the data's own, or the control's. */
export interface ProbeTask {
  readonly name: "labels" | "control";
  readonly labels: Int32Array; // by row number
  readonly classes: number;
}

export interface TapSource {
  /** Features for lists of row numbers. */
  load(parts: readonly Int32Array[]): Promise<readonly Features[]>;
}

export interface ProbeTapOptions {
  readonly runtime: Runtime;
  readonly roles: SplitRows;
  readonly settings: ProbeSettings;
  readonly stream: Stream; // of the tap
  readonly resamples: Stream; // the same for all taps
  /** Of each task, the path of the former checkpoint. */
  readonly carried: readonly CarriedPath[];
  readonly stop: StopFlag;
}

export interface ProbedTask {
  readonly cells: Row; // of the task's row
  readonly path: CarriedPath; // for the next checkpoint; empty where nothing was fitted
}

export async function probeTap(
  source: TapSource,
  tasks: readonly ProbeTask[],
  options: ProbeTapOptions,
): Promise<readonly ProbedTask[]> {
  try {
    const fitted = await fitTasks(source, tasks, options);
    if ("reason" in fitted) return tasks.map(() => unsupported(fitted.reason));
    const cells = await testTasks(source, tasks, fitted.probes, options);
    return fitted.probes.map(({ path }, i) => ({ cells: cells[i] ?? {}, path }));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return tasks.map(() => unsupported(error.message));
  }
}

interface Fitted extends ProbedTask {
  readonly probe: LinearProbe;
}

async function fitTasks(
  source: TapSource,
  tasks: readonly ProbeTask[],
  { runtime, roles, settings, stream, carried, stop }: ProbeTapOptions,
): Promise<{ readonly probes: readonly Fitted[] } | { readonly reason: string }> {
  const [train, validation] = await source.load([roles.train, roles.validation]);
  if (train === undefined || validation === undefined) throw new Error("two parts went in, fewer came out");
  const release = (): void => [train, validation].forEach((features) => features.release());
  try {
    if (!train.moments().variance.some((variance) => variance > 0))
      return { reason: "every feature has one value on all training rows: there is nothing to fit" };
    const { l2Strengths: strengths, relativeGap: chosenGap, passes } = settings;
    const path = { strengths, pathGap: Math.max(chosenGap, 1e-2), chosenGap, passes };
    const hooks = { watch: () => (stop.check(), undefined) };
    const probes = tasks.map(({ name, labels, classes }, at): Fitted => {
      const of = (rows: Int32Array): Int32Array => rows.map((row) => labels[row] ?? Number.NaN);
      const rows = {
        train: labelled("train", train, of(roles.train), classes),
        validation: labelled("validation", validation, of(roles.validation), classes),
        release: () => {},
      };
      const starts = startsFrom(runtime, rows.train, carried[at] ?? []);
      const fitted = certifiedProbe(runtime, rows, stream.split(name), path, hooks, starts.startAt);
      const { trainLoss: trainCrossEntropyNats, gapNats, scaling: _, passes: ownPasses, ...rest } = fitted.cells;
      const counted = { passes: ownPasses + starts.passes(), gapNats: finite(gapNats) };
      return {
        probe: fitted.probe,
        cells: { ...rest, ...counted, trainCrossEntropyNats, reason: null },
        path: carriedPath(fitted.path, train),
      };
    });
    return { probes };
  } finally {
    release();
  }
}

async function testTasks(
  source: TapSource,
  tasks: readonly ProbeTask[],
  probes: readonly Fitted[],
  { runtime, roles, resamples }: ProbeTapOptions,
): Promise<readonly Row[]> {
  const [features] = await source.load([roles.test]);
  if (features === undefined) throw new Error("one part went in, none came out");
  try {
    return probes.map(({ probe, cells }, i) => {
      const task = tasks[i];
      const own = roles.test.map((row) => task?.labels[row] ?? Number.NaN);
      const test = labelled("test", features, own, probe.classes);
      const measures = testMeasures(predictOnTest(runtime, probe, test), again(resamples));
      return { ...cells, ...measures };
    });
  } finally {
    features.release();
  }
}

/** A stream of the same numbers, from the start: every probe is judged on the same resamples. */
function again(stream: Stream): Stream {
  return stream.split("error");
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

const noMeasures: Readonly<Record<keyof TestMeasures, null>> = {
  testError: null,
  testErrorLow: null,
  testErrorHigh: null,
  top5Error: null,
  crossEntropyNats: null,
  calibrationError: null,
};

function unsupported(reason: string): ProbedTask {
  const cells = {
    status: "unsupported",
    reason,
    certified: false,
    l2: null,
    passes: 0,
    trainError: null,
    trainCrossEntropyNats: null,
    validationError: null,
    gapNats: null,
    relativeGap: null,
    ...noMeasures,
  };
  return { cells, path: [] };
}
